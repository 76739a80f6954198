/** What lost transactions did to the rows of each table, together, and what of it decoding must tell. */
import type { Catalog } from '../catalog/catalog.js';
import type { RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type { Change, Table } from '../rows/row-change.js';
import { isAlwaysDecodable } from '../types/always-decodable.js';
import { replicaIdentityIndex, roleOf } from './relations.js';
import type { RowFacts, RowLineage } from './row-lineage.js';

/** One table of the lost part, as it is defined where reading has come to. */
export interface LostRows {
  readonly table: Table;
  readonly facts: Readonly<RowFacts>;
  /** Whatever is in a row of it can be put into text. */
  readonly decodable: boolean;
  /** It was defined like that whenever one of their rows was written. */
  readonly settled: boolean;
  /** Logical decoding logs the very key that rows are told apart by. */
  readonly keyIsLogged: boolean;
  /** Decodes the updates that may have changed a key, aborted ones among them; undefined when they were too many to remember. */
  readonly doubtful: () => Iterable<Change> | undefined;
}

/** Where the tables are looked up. */
export interface LostRowsParts {
  readonly lineage: RowLineage;
  readonly catalog: Catalog;
  /** When lost transactions changed the catalog, as of after each of them, and where the fork is. */
  readonly changed: readonly Moment[];
  /** Where reading has come to. */
  readonly now: Moment;
  readonly tableOf: (definition: RelationDefinition, at: Moment) => Table;
  /** Decodes the record at an LSN. */
  readonly changeAt: (lsn: number) => Change[];
}

/** Looks at so many definitions at most to find out whether tables stayed as they were. */
const MOST_DEFINITIONS = 100_000;

/** Every table whose rows lost transactions wrote. */
export function* lostRows(parts: LostRowsParts): Generator<LostRows> {
  const { lineage, catalog, changed, now, tableOf, changeAt } = parts;
  let looks = 0;
  const staysLike = (definition: RelationDefinition, table: Table): boolean => {
    looks += changed.length;
    if (looks > MOST_DEFINITIONS) return false;
    const { database, oid } = definition;
    const text = definitionText(table);
    let known = { definition, types: catalog.types(database.oid, now) };
    return [now, ...changed].every((at) => {
      const then = catalog.relationByOid(database.oid, oid, at);
      const types = catalog.types(database.oid, at);
      if (then === known.definition && types === known.types) return true;
      if (!then || definitionText(tableOf(then, at)) !== text) return false;
      known = { definition: then, types };
      return true;
    });
  };
  for (const [relation, facts] of lineage.facts) {
    const definition = catalog.relationByLocator(relation.locator, now);
    if (!definition || roleOf(definition, catalog) !== 'table') continue;
    const table = tableOf(definition, now);
    const types = catalog.types(relation.locator.databaseOid, now);
    yield {
      table,
      facts,
      settled: staysLike(definition, table),
      decodable: table.columns.every(({ typeOid }) => isAlwaysDecodable(typeOid, table.encoding, types)),
      keyIsLogged: logsIdentity(definition, table),
      doubtful: () => {
        const lsns = lineage.doubtful(relation);
        return lsns && decoded(lsns, changeAt);
      },
    };
  }
}

function definitionText(table: Table): string {
  return JSON.stringify({ ...table, id: 0 });
}

function* decoded(lsns: readonly number[], changeAt: (lsn: number) => Change[]): Generator<Change> {
  for (const lsn of lsns) yield* changeAt(lsn);
}

function logsIdentity(definition: RelationDefinition, { identity }: Table): boolean {
  const index = replicaIdentityIndex(definition);
  if (!index?.immediate || index.partial) return false;
  return identity.kind === 'primary-key' ? index.primary : identity.kind === 'replica-identity-index';
}
