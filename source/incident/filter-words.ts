/** The filter language's lexer: words, `field:value`, `-` before either, quotes around what holds spaces. */
import { ForkpointError } from '../bytes/errors.js';

/** One word of a filter. */
export interface FilterWord {
  /** Lower-cased name before the colon; undefined for a bare word. */
  readonly field: string | undefined;
  /** Alternatives, split at `|` outside quotes. */
  readonly values: readonly string[];
  readonly negated: boolean;
  /** The word as typed. */
  readonly text: string;
  /** Column of its first character, from 1. */
  readonly position: number;
}

/** A complaint about a place in the filter. `position` counts characters from 1. */
export function filterError(
  what: string,
  word: Pick<FilterWord, 'text' | 'position'>,
  next?: string,
): ForkpointError {
  return new ForkpointError({ what, where: `filter, column ${word.position}: ${word.text}`, next });
}

/**
 * Splits a filter into words. `"` quotes anything but itself; a doubled `""` inside quotes is one. Throws
 * ForkpointError for a quote that is not closed.
 */
export function filterWords(filter: string): FilterWord[] {
  const words: FilterWord[] = [];
  let at = 0;
  while (at < filter.length) {
    if (/\s/.test(filter[at])) {
      at++;
      continue;
    }
    const start = at;
    const negated = filter[at] === '-' && at + 1 < filter.length && !/\s/.test(filter[at + 1]);
    if (negated) at++;
    const values = [''];
    let field: string | undefined;
    let quoted = false;
    let everQuoted = false;
    for (; at < filter.length; at++) {
      const character = filter[at];
      if (quoted) {
        if (character !== '"') values[values.length - 1] += character;
        else if (filter[at + 1] === '"') {
          values[values.length - 1] += '"';
          at++;
        } else quoted = false;
      } else if (character === '"') {
        quoted = true;
        everQuoted = true;
      } else if (/\s/.test(character)) break;
      else if (character === '|') values.push('');
      else if (
        character === ':' &&
        field === undefined &&
        !everQuoted &&
        /^[A-Za-z]+$/.test(values.join('|'))
      ) {
        field = values[0].toLowerCase();
        values[0] = '';
      } else values[values.length - 1] += character;
    }
    const word = { field, values, negated, text: filter.slice(start, at), position: start + 1 };
    if (quoted) throw filterError('a quote is not closed', word, 'end it with "');
    words.push(word);
  }
  return words;
}

/** A name with `*` for anything, as a pattern; case does not matter. */
export function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) =>
    character === '*' ? '.*' : `\\${character}`,
  );
  return new RegExp(`^${escaped}$`, 'isu');
}

/** A word's values, each of which has to be one of a few. Throws ForkpointError for any other. */
export function oneOf(word: FilterWord, allowed: readonly string[]): ReadonlySet<string> {
  const values = word.values.map((value) => value.toLowerCase());
  for (const value of values) {
    if (!allowed.includes(value)) {
      throw filterError(`${word.field}: cannot be "${value}"`, word, `it is one of ${allowed.join(', ')}`);
    }
  }
  return new Set(values);
}
