/** The help: every key that works where it was opened, drawn from the keymap, and what the marks on the screen mean. */
import { VERDICTS } from '../../incident/model.js';
import { bindingsOf, type Context, type Facts } from '../keymap.js';
import { keyLabel } from '../keys.js';
import type { Line } from '../span.js';
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
  readonly lines: readonly Line[];
  #close: () => void;

  constructor(context: Context, facts: Facts, close: () => void) {
    this.#close = close;
    this.lines = HelpController.#draw(context, facts);
  }

  run(action: string): void {
    const last = Math.max(0, this.lines.length - this.height);
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

  static #draw(context: Context, facts: Facts): Line[] {
    const lines: Line[] = [[{ text: 'Keys that work here', style: 'title' }], []];
    for (const binding of bindingsOf(context)) {
      const keys = binding.keys.map(keyLabel).join(' ');
      const reason = binding.disabledReason?.(facts);
      lines.push([
        { text: `  ${keys.padEnd(14)} `, style: reason ? 'muted' : 'key' },
        { text: binding.description, style: reason ? 'muted' : 'plain' },
        ...(reason ? [{ text: ` (not now: ${reason})`, style: 'warning' as const }] : []),
      ]);
    }
    if (context === 'list' || context === 'detail') {
      lines.push([], [{ text: 'Signs', style: 'title' }], []);
      for (const [glyph, meaning] of GLYPHS)
        lines.push([{ text: `  ${glyph.padEnd(15)}` }, { text: meaning }]);
      lines.push(
        [],
        [{ text: 'Verdicts: how it stands against what the new primary has written since', style: 'title' }],
        [],
      );
      for (const verdict of VERDICTS) {
        const look = VERDICT_LOOKS[verdict];
        lines.push([
          { text: `  ${`${look.glyph} ${look.word}`.padEnd(15)}`, style: look.style },
          { text: look.meaning },
        ]);
      }
    }
    return lines;
  }
}
