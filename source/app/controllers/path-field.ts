/** The box in which a side's path, or a server's URL, is typed. */
import { completeField, restarted } from '../completion.js';
import type { KeyPress } from '../keys.js';
import type { Probing } from '../probing.js';
import { isServerUrl } from '../server-url.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';

/** State of the box. */
export class PathField {
  field: TextField;
  problem: string | undefined;
  /** Paths that begin with what was typed when Tab was pressed last. */
  candidates: readonly string[] = [];

  /** Begins in a directory. */
  constructor(directory: string) {
    this.field = textField(directory.endsWith('/') ? directory : `${directory}/`);
  }

  /** What is typed. */
  get text(): string {
    return fieldText(this.field).trim();
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = restarted(field);
    this.problem = undefined;
    this.candidates = [];
    return true;
  }

  complete(probing: Probing): void {
    if (isServerUrl(fieldText(this.field))) return;
    const { field, candidates, problem } = completeField(this.field, (text) => probing.complete(text));
    this.field = field;
    this.candidates = candidates;
    this.problem = problem ?? this.problem;
  }
}
