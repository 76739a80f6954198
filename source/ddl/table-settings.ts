/** What a table has beside columns, constraints and indexes: owner, options, replica identity, row security, persistence, place. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import { CannotTellError } from './node-tree.js';
import { label, relationName, relationSubject, tablespaceName } from './object-names.js';
import { type Run, Stage } from './run.js';
import { optionList, toastOptions } from './storage-options.js';

/** BOOTSTRAP_SUPERUSERID: who mostly runs an export, and then owns what it makes. */
const BOOTSTRAP_SUPERUSER: Oid = 10;

/** A clause of ALTER TABLE that sets one thing, and the one that set it back. */
interface Setting {
  readonly what: string;
  readonly redo: () => string;
  readonly undo: () => string;
}

/** Adds the statements by which a table's settings came from `before` (the defaults, for a new table) to `after`. */
export function tableSettings(run: Run, before: ClassRow | undefined, after: ClassRow, lsn: Lsn): void {
  for (const { what, redo, undo } of settings(run, before, after)) {
    const description = `sets ${what} of table ${label(run.after, after)}`;
    run.tell(
      Stage.option,
      after.oid,
      { lsn, description, subject: relationSubject(run.after, after, 'alter') },
      () => {
        const prefix = `ALTER TABLE ${relationName(run.after, after.oid)} `;
        // What was made goes as a whole.
        return { redo: prefix + redo(), ...(before && { undo: prefix + undo() }) };
      },
    );
  }
  if (before && before.privileges !== after.privileges) {
    run.add(Stage.other, after.oid, {
      lsn,
      description: `changes the privileges on table ${label(run.after, after)}`,
      reason: 'who was granted what is not reconstructed',
    });
  }
}

function* settings(run: Run, before: ClassRow | undefined, after: ClassRow): Generator<Setting> {
  const owner = before?.ownerOid ?? BOOTSTRAP_SUPERUSER;
  if (owner !== after.ownerOid) {
    yield {
      what: 'the owner',
      redo: () => `OWNER TO ${roleName(run.after, after.ownerOid)}`,
      undo: () => `OWNER TO ${roleName(run.before, owner)}`,
    };
  }
  const identity = replicaIdentity(run.after, after);
  const oldIdentity = before ? replicaIdentity(run.before, before) : 'DEFAULT';
  if (identity !== oldIdentity) {
    yield {
      what: 'the replica identity',
      redo: () => `REPLICA IDENTITY ${identity}`,
      undo: () => `REPLICA IDENTITY ${oldIdentity}`,
    };
  }
  for (const [key, words] of [
    ['rowSecurity', 'ROW LEVEL SECURITY'],
    ['forceRowSecurity', 'FORCE ROW LEVEL SECURITY'],
  ] as const) {
    if ((before?.[key] ?? false) === after[key]) continue;
    const set = (on: boolean) =>
      key === 'rowSecurity' ? `${on ? 'ENABLE' : 'DISABLE'} ${words}` : `${on ? '' : 'NO '}${words}`;
    yield { what: 'row level security', redo: () => set(after[key]), undo: () => set(!after[key]) };
  }
  if (!before) return;
  yield* optionSettings(run, before, after);
  if (before.persistence !== after.persistence) {
    const set = (persistence: string) => `SET ${persistence === 'u' ? 'UNLOGGED' : 'LOGGED'}`;
    yield {
      what: 'the persistence',
      redo: () => set(after.persistence),
      undo: () => set(before.persistence),
    };
  }
  if (before.tablespaceOid !== after.tablespaceOid) {
    const set = (rows: CatalogSnapshot, oid: Oid) =>
      `SET TABLESPACE ${oid === 0 ? 'pg_default' : tablespaceName(rows, oid)}`;
    yield {
      what: 'the tablespace',
      redo: () => set(run.after, after.tablespaceOid),
      undo: () => set(run.before, before.tablespaceOid),
    };
  }
  if (before.accessMethodOid !== after.accessMethodOid) {
    const refuse = (): string => {
      throw new CannotTellError('a change of access method is not reconstructed');
    };
    yield { what: 'the access method', redo: refuse, undo: refuse };
  }
}

function* optionSettings(run: Run, before: ClassRow, after: ClassRow): Generator<Setting> {
  const old = [...before.options, ...toastOptions(run.before, before)];
  const now = [...after.options, ...toastOptions(run.after, after)];
  const clause = (from: readonly string[], to: readonly string[]): string => {
    const set = to.filter((each) => !from.includes(each));
    const names = (options: readonly string[]) => options.map((each) => each.slice(0, each.indexOf('=')));
    const reset = names(from).filter((each) => !names(to).includes(each));
    const clauses: string[] = [];
    if (set.length > 0) clauses.push(`SET (${optionList(set)})`);
    if (reset.length > 0) clauses.push(`RESET (${reset.join(', ')})`);
    return clauses.join(', ');
  };
  if (clause(old, now) !== '')
    yield { what: 'storage options', redo: () => clause(old, now), undo: () => clause(now, old) };
}

function roleName(rows: CatalogSnapshot, oid: Oid): string {
  const role = rows.role(oid);
  if (!role) throw new CannotTellError(`role ${oid} is not in the catalog`);
  return quoteIdentifier(role.name);
}

function replicaIdentity(rows: CatalogSnapshot, relation: ClassRow): string {
  switch (relation.replicaIdentity) {
    case 'f':
      return 'FULL';
    case 'n':
      return 'NOTHING';
    case 'i': {
      const index = rows.indexes(relation.oid).find((each) => each.replicaIdentity);
      const name = index && rows.relation(index.oid)?.name;
      return name === undefined ? 'NOTHING' : `USING INDEX ${quoteIdentifier(name)}`;
    }
    default:
      return 'DEFAULT';
  }
}
