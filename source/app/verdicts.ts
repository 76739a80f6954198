/** How verdicts look: a glyph, a short word, a style, and a sentence for the help. */
import type { Verdict } from '../incident/model.js';
import type { Style } from './theme.js';

/** One verdict on the screen. */
export interface VerdictLook {
  readonly glyph: string;
  /** At most eight columns. */
  readonly word: string;
  readonly style: Style;
  readonly meaning: string;
}

/** Every verdict's look. */
export const VERDICT_LOOKS: Readonly<Record<Verdict, VerdictLook>> = {
  clean: {
    glyph: '✓',
    word: 'clean',
    style: 'good',
    meaning: 'its rows are still what it started from: redo applies as it is',
  },
  applied: { glyph: '=', word: 'applied', style: 'muted', meaning: 'the new primary already has the result' },
  dependency: {
    glyph: '↳',
    word: 'depends',
    style: 'update',
    meaning: 'it builds on an earlier lost transaction',
  },
  changed: {
    glyph: '≠',
    word: 'changed',
    style: 'warning',
    meaning: 'the new primary has written its row since',
  },
  missing: { glyph: '∅', word: 'missing', style: 'warning', meaning: 'its row is not on the new primary' },
  exists: { glyph: '!', word: 'exists', style: 'warning', meaning: 'the row it inserts is there already' },
  unique: { glyph: '!', word: 'unique', style: 'warning', meaning: 'another row holds its unique key' },
  unknown: {
    glyph: '?',
    word: 'unknown',
    style: 'unknown',
    meaning: 'it cannot be told: no identity, or no old row',
  },
  pending: { glyph: '…', word: '', style: 'muted', meaning: 'not compared yet' },
};
