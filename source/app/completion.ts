/** A path being typed: what Tab adds to it, and where it begins anew. */
import { fieldText, type TextField, textField } from './text-field.js';

/** The longest beginning all candidates share; empty when there are none. */
export function commonBeginning(candidates: readonly string[]): string {
  let common = candidates[0] ?? '';
  for (const candidate of candidates) {
    while (!candidate.startsWith(common)) common = common.slice(0, -1);
  }
  return common;
}

/** What Tab made of a path. */
export interface Completed {
  readonly field: TextField;
  /** More than one way to go on. */
  readonly candidates: readonly string[];
  readonly problem?: string;
}

/** The field after Tab; `complete` gives the directories whose path begins with a text. */
export function completeField(field: TextField, complete: (text: string) => readonly string[]): Completed {
  const typed = fieldText(field);
  const candidates = complete(typed);
  const common = commonBeginning(candidates);
  if (candidates.length === 0) return { field, candidates: [], problem: 'no directory begins like this' };
  if (candidates.length === 1)
    return { field: textField(common.endsWith('/') ? common : `${common}/`), candidates: [] };
  return { field: common.length > typed.length ? textField(common) : field, candidates };
}

/** A path or URL begun anew behind the one that was offered (`/srv//var/lib`, `/srv/~`): only what is new counts. */
export function restarted(field: TextField): TextField {
  const text = fieldText(field);
  const anew = /.\/(postgres(?:ql)?:\/\/.*|~.*)$/.exec(text) ?? /^(?!\w+:).*\/(\/.*)$/.exec(text);
  return anew ? textField(anew[1]) : field;
}
