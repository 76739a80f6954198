import type { ReactElement } from 'react';
import { printable } from '../../bytes/printable.js';
import { fit, textWidth, wrapWords } from '../../bytes/text-width.js';
import type { Context } from '../bindings/binding.js';
import type { Confirmation } from '../controllers/confirm.js';
import type { Line } from '../span.js';
import { LinesView } from './lines-view.js';

/** Props of {@link Dialog}. */
export interface DialogProps {
  readonly confirmation: Confirmation & { readonly context: Context };
  readonly width: number;
  readonly height: number;
}

/** A question in a frame, in the middle of the screen's body. */
export function Dialog({ confirmation, width, height }: DialogProps): ReactElement {
  const inner = Math.min(width - 6, 72);
  const question = confirmation.question.flatMap((text) => wrapWords(printable(text), inner));
  const resume = confirmation.context === 'resume';
  const answers: Line = resume
    ? [
        { text: '[Enter] ', style: 'key' },
        { text: confirmation.yesLabel },
        { text: '   [n] ', style: 'key' },
        { text: confirmation.noLabel },
      ]
    : [
        { text: '[y] ', style: 'key' },
        { text: confirmation.yesLabel },
        { text: '   [Enter] [Esc] ', style: 'key' },
        { text: confirmation.noLabel },
      ];
  const answersWidth = answers.reduce((sum, span) => sum + textWidth(span.text), 0);
  const framed: Line[] = [
    [{ text: `╭${'─'.repeat(inner + 2)}╮`, style: 'fork' }],
    ...question.map(
      (text): Line => [
        { text: '│ ', style: 'fork' },
        { text: fit(text, inner) },
        { text: ' │', style: 'fork' },
      ],
    ),
    [{ text: `│ ${' '.repeat(inner)} │`, style: 'fork' }],
    [
      { text: '│ ', style: 'fork' },
      ...answers,
      { text: ' '.repeat(Math.max(0, inner - answersWidth)) },
      { text: ' │', style: 'fork' },
    ],
    [{ text: `╰${'─'.repeat(inner + 2)}╯`, style: 'fork' }],
  ];
  const above = Array.from({ length: Math.max(0, Math.floor((height - framed.length) / 2)) }, (): Line => []);
  const lines = [...above, ...framed.map((line): Line => [{ text: ' ' }, ...line])];
  return <LinesView lines={lines} width={width} height={height} />;
}
