import type { ReactElement } from 'react';
import { textWidth } from '../../bytes/text-width.js';
import type { Context, Facts } from '../bindings/binding.js';
import { bindingsOf } from '../keymap.js';
import { keyLabel } from '../keys.js';
import type { Line, Span } from '../span.js';
import { LineView } from './line-view.js';

/** Props of {@link Footer}. */
export interface FooterProps {
  readonly context: Context;
  readonly facts: Facts;
  readonly width: number;
}

/** The keys that work here, in the order of the keymap, as many as fit; `?` and `q` always do. */
export function footerLine(context: Context, facts: Facts, width: number): Line {
  const hints = bindingsOf(context).filter((binding) => binding.hint !== undefined);
  const spansOf = (index: number): Span[] => {
    const { keys, hint, disabledReason } = hints[index];
    const disabled = disabledReason?.(facts) !== undefined;
    const label = keyLabel(keys[0]);
    return [
      { text: label, style: disabled ? 'muted' : 'key' },
      { text: ` ${disabled ? `(${hint})` : hint}`, style: disabled ? 'muted' : 'plain' },
    ];
  };
  const widthOf = (spans: readonly Span[]): number =>
    spans.reduce((sum, span) => sum + textWidth(span.text), 2);
  const all = hints.map((_, index) => spansOf(index));
  const kept = new Set(hints.keys());
  let total = all.reduce((sum, spans) => sum + widthOf(spans), 0);
  // The least important go first: the last ones before the global keys; help always stays.
  for (let index = hints.length - 1; index >= 0 && total > width; index--) {
    if (hints[index].context === 'global' || hints[index].action === 'back') continue;
    kept.delete(index);
    total -= widthOf(all[index]);
  }
  return all.flatMap((spans, index) => (kept.has(index) ? [...spans, { text: '  ' }] : []));
}

/** The last line of the screen. */
export function Footer({ context, facts, width }: FooterProps): ReactElement {
  return <LineView line={footerLine(context, facts, width)} width={width} />;
}
