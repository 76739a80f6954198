/** The help: every key that works where it was opened, drawn from the keymap, and what the marks on the screen mean. */
import { wrapWords } from '../../bytes/text-width.js';
import { VERDICTS } from '../../incident/model.js';
import type { Context, Facts } from '../bindings/binding.js';
import { bindingsOf } from '../keymap.js';
import { keyLabel } from '../keys.js';
import type { Line, Span } from '../span.js';
import { VERDICT_LOOKS } from '../verdicts.js';

const GLYPHS: readonly (readonly [string, string])[] = [
  ['●', 'marked'],
  ['○', 'in the range being made'],
  ['├', 'it wrote before the fork and committed after it: lost whole'],
  ['¿', 'in doubt: prepared, never resolved'],
  ['!', 'it has changes that cannot be decoded exactly, or its beginning is not in this WAL'],
  ['§', 'it changed the system catalogs (DDL)'],
  ['→', 'a column the update changed'],
];

/** State of the help overlay. */
export class HelpController {
  top = 0;
  height = 10;
  /** Where the explanations begin. */
  static readonly #INDENT = 17;
  readonly #context: Context;
  readonly #facts: Facts;
  #drawn: { readonly width: number; readonly lines: readonly Line[] } | undefined;
  #close: () => void;

  constructor(context: Context, facts: Facts, close: () => void) {
    this.#close = close;
    this.#context = context;
    this.#facts = facts;
  }

  /** All lines, none wider than `width`. */
  lines(width: number): readonly Line[] {
    if (this.#drawn?.width !== width) this.#drawn = { width, lines: this.#draw(width) };
    return this.#drawn.lines;
  }

  run(action: string): void {
    const last = Math.max(0, (this.#drawn?.lines.length ?? 0) - this.height);
    const steps: Record<string, number> = {
      down: 1,
      up: -1,
      'half-down': Math.ceil(this.height / 2),
      'half-up': -Math.ceil(this.height / 2),
      'page-down': this.height,
      'page-up': -this.height,
      home: Number.NEGATIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
    };
    if (action === 'back') this.#close();
    else if (steps[action] !== undefined) this.top = Math.max(0, Math.min(last, this.top + steps[action]));
  }

  /** A key or sign, and what it means in as many lines as that takes. */
  #entry(name: Span, meanings: readonly Span[], width: number): Line[] {
    const room = Math.max(20, width - HelpController.#INDENT);
    const parts = meanings.flatMap(({ text, style }) =>
      wrapWords(text, room).map((part): Span => ({ text: part, style })),
    );
    return parts.map(
      (part, at): Line => [
        at === 0
          ? { ...name, text: `  ${name.text}`.padEnd(HelpController.#INDENT) }
          : { text: ' '.repeat(HelpController.#INDENT) },
        part,
      ],
    );
  }

  #draw(width: number): Line[] {
    const lines: Line[] = [[{ text: 'Keys that work here', style: 'title' }], []];
    for (const binding of bindingsOf(this.#context)) {
      const keys = binding.keys.map(keyLabel).join(' ');
      const reason = binding.disabledReason?.(this.#facts);
      const meaning: Span = { text: binding.description, style: reason ? 'muted' : 'plain' };
      const why: Span[] = reason ? [{ text: `(not now: ${reason})`, style: 'warning' }] : [];
      lines.push(...this.#entry({ text: keys, style: reason ? 'muted' : 'key' }, [meaning, ...why], width));
    }
    if (this.#context === 'list' || this.#context === 'detail') {
      lines.push([], [{ text: 'Signs', style: 'title' }], []);
      for (const [glyph, meaning] of GLYPHS)
        lines.push(...this.#entry({ text: glyph }, [{ text: meaning }], width));
      const title = 'Verdicts: how it stands against what the new primary has written since';
      lines.push([], ...wrapWords(title, width).map((text): Line => [{ text, style: 'title' }]), []);
      for (const verdict of VERDICTS) {
        const { glyph, word, style, meaning } = VERDICT_LOOKS[verdict];
        lines.push(...this.#entry({ text: `${glyph} ${word}`, style }, [{ text: meaning }], width));
      }
    }
    return lines;
  }
}
