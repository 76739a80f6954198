/** Views, materialized views, foreign tables: dropping and renaming can be told, the rest is named. */
import { qualifiedName } from '../bytes/identifiers.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import { label, RELATION_WORDS, relationName, relationSubject, schemaOf } from './object-names.js';
import { type Run, Stage } from './run.js';
import { type DdlRename, noteRename, type TouchedRelation } from './touched-relation.js';

/** Views, materialized views, foreign tables: dropping and renaming can be told, the rest is named. */
export function otherRelation(run: Run, touched: TouchedRelation, renames: DdlRename[]): void {
  const { oid, lsn, before, after } = touched;
  const relation = (after ?? before)!;
  const rows = after ? run.after : run.before;
  const word = RELATION_WORDS[relation.kind];
  const name = label(rows, relation);
  if (before && after) {
    noteRename(run, touched, renames);
    const same = ['options', 'ownerOid', 'privileges'].every(
      (key) => JSON.stringify(before[key as keyof ClassRow]) === JSON.stringify(after[key as keyof ClassRow]),
    );
    // A materialized view that was refreshed has a new file, and nothing else.
    const refreshed = relation.kind === 'm' && before.fileNode !== after.fileNode;
    if (refreshed)
      run.add(Stage.other, oid, {
        lsn,
        description: `refreshes materialized view ${name}`,
        redo: `REFRESH MATERIALIZED VIEW ${qualifiedName(schemaOf(rows, relation.namespaceOid), relation.name)}`,
        note: 'it is computed anew from the tables as they are then',
      });
    if (!same)
      run.add(Stage.other, oid, {
        lsn,
        description: `alters ${word} ${name}`,
        reason: 'what was altered is not reconstructed',
      });
    return;
  }
  if (after) {
    run.add(Stage.other, oid, {
      lsn,
      description: `creates ${word} ${name}`,
      reason: `the definition of a ${word} is not reconstructed`,
      subject: relationSubject(rows, relation, 'create'),
    });
    return;
  }
  run.tell(
    Stage.dropDependent,
    -oid,
    { lsn, description: `drops ${word} ${name}`, subject: relationSubject(rows, relation, 'drop') },
    () => ({ redo: `DROP ${word.toUpperCase()} ${relationName(rows, oid)}` }),
  );
}
