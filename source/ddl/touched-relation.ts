/** A relation that a run touched, as it was and as it is, and whether it has another name. */
import type { Lsn } from '../bytes/lsn.js';
import type { Oid } from '../catalog/model.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import { RELATION_WORDS, schemaOf } from './object-names.js';
import type { Rename } from './renames.js';
import type { Run } from './run.js';

/** A relation that a run touched, as it was and as it is. */
export interface TouchedRelation {
  readonly oid: Oid;
  readonly lsn: Lsn;
  readonly before: ClassRow | undefined;
  readonly after: ClassRow | undefined;
}

/** A renaming of something that has a statement for it. */
export interface DdlRename extends Rename {
  readonly lsn: Lsn;
  /** `TABLE`, `INDEX`, `TYPE` … */
  readonly word: string;
}

/** Notes that a relation has another name or schema than before. */
export function noteRename(
  run: Run,
  { oid, lsn, before, after }: TouchedRelation,
  renames: DdlRename[],
): void {
  if (!before || !after) return;
  // A schema that was renamed takes its tables along.
  const moved = before.namespaceOid !== after.namespaceOid;
  if (!moved && before.name === after.name) return;
  const from = [schemaOf(run.before, before.namespaceOid), before.name] as const;
  const to = [moved ? schemaOf(run.after, after.namespaceOid) : from[0], after.name] as const;
  const word = (RELATION_WORDS[after.kind] ?? 'table').toUpperCase();
  renames.push({ space: 'relation', id: oid, lsn, word, from, to });
}
