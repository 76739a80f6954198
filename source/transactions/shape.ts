/** From counters by relation file to what people read: rows by table, in the names of that moment. */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { newFiles } from './new-files.js';
import type { OpenTransaction } from './open-transaction.js';
import { roleOf } from './relations.js';
import type { TableCounts } from './transaction.js';
import type { TransactionShape } from './transaction-shapes.js';

/** Shapes kept at most: more different ones than that, and they hardly come again. */
const KEPT_SHAPES = 16 * 1024;

/** What a shape was made from: all numbers that it depends on while the catalog stays as it is. */
interface KnownShape {
  readonly databaseOid: number;
  readonly messages: number;
  readonly movesSequences: boolean;
  /** Of each relation file its number and the four counters, one after the other. */
  readonly counts: readonly number[];
  readonly shape: TransactionShape;
}

/** What a shape was made from in which a relation was not known. */
interface Unsettled {
  readonly did: Did;
  readonly databaseOid: number;
  readonly ownXids: ReadonlySet<number> | undefined;
}

/** What of a transaction makes its shape. */
type Did = Pick<
  OpenTransaction,
  'counts' | 'truncated' | 'emptied' | 'messages' | 'movesSequences' | 'changesCatalog' | 'databaseOid'
>;

/**
 * Shapes of transactions, made once for all that did the same to the same relation files while the catalog stayed as it was. A page of
 * the catalog that the crash left on disk as it was later, or torn, is put right by an image of it further on in WAL: what was not known
 * until then is made again (TransactionIndex.reshape).
 */
export class Shapes {
  readonly #catalog: Catalog;
  /** By hash. */
  readonly #known = new Map<number, KnownShape[]>();
  #count = 0;
  #age = -1;
  readonly #unsettled: Unsettled[] = [];

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /**
   * What a whole transaction did, as the catalog was at `lsn`, to its own eyes if it has changed it (`ownXids`). `databaseOid` is 0 when its records
   * did not say; `catalogAge` is another number whenever the catalog may answer differently than before.
   */
  of(
    transaction: OpenTransaction,
    databaseOid: number,
    lsn: Lsn,
    ownXids: ReadonlySet<number> | undefined,
    catalogAge: number,
  ): TransactionShape {
    if (ownXids !== undefined || transaction.truncated.length > 0)
      return this.#make(transaction, databaseOid, { lsn, ownXids });
    if (catalogAge !== this.#age || this.#count >= KEPT_SHAPES) {
      this.#known.clear();
      this.#count = 0;
      this.#age = catalogAge;
    }
    const database = databaseOid || transaction.databaseOid;
    const hash = hashOf(transaction, database);
    let candidates = this.#known.get(hash);
    if (candidates === undefined) {
      candidates = [];
      this.#known.set(hash, candidates);
    }
    for (const known of candidates) if (isOf(known, transaction, database)) return known.shape;
    const { messages, movesSequences } = transaction;
    const counts = transaction.counts.flatMap((each) =>
      [each.relation.number, each.insert, each.update].concat(each.delete, each.unreadable),
    );
    const shape = this.#make(transaction, databaseOid, { lsn, ownXids });
    candidates.push({ databaseOid: database, messages, movesSequences, counts, shape });
    this.#count++;
    return shape;
  }

  /** A shape of that number (TransactionShape.unsettled) as the catalog tells it by now, of a transaction that committed at `lsn`. */
  again(number: number, lsn: Lsn): TransactionShape {
    const { did, databaseOid, ownXids } = this.#unsettled[number];
    const { shape, unknown } = shapeOf(did, this.#catalog, databaseOid, { lsn, ownXids });
    return unknown ? { ...shape, unsettled: number } : shape;
  }

  #make(transaction: OpenTransaction, databaseOid: number, { lsn, ownXids }: Moment): TransactionShape {
    const { shape, unknown } = shapeOf(transaction, this.#catalog, databaseOid, { lsn, ownXids });
    if (!unknown) return shape;
    const { counts, truncated, emptied, messages, movesSequences, changesCatalog } = transaction;
    const did = {
      // The transaction's own objects are given to others once it is over.
      counts: counts.map((each) => ({ ...each })),
      truncated: [...truncated],
      emptied: [...emptied],
      messages,
      movesSequences,
      changesCatalog,
      databaseOid: transaction.databaseOid,
    };
    return { ...shape, unsettled: this.#unsettled.push({ did, databaseOid, ownXids }) - 1 };
  }
}

function hashOf(transaction: OpenTransaction, databaseOid: number): number {
  let hash = Math.imul(databaseOid, 0x9e3779b1) + transaction.messages;
  for (let i = 0; i < transaction.countsUsed; i++) {
    const { relation, insert, update, delete: deleted, unreadable } = transaction.countsAt(i);
    hash = Math.imul(hash ^ relation.number, 0x85ebca6b) + insert;
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) + update;
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) + Math.imul(deleted, 31) + unreadable;
  }
  return hash | 0;
}

function isOf(known: KnownShape, transaction: OpenTransaction, databaseOid: number): boolean {
  const { countsUsed, messages, movesSequences } = transaction;
  if (
    known.databaseOid !== databaseOid ||
    known.messages !== messages ||
    known.movesSequences !== movesSequences ||
    known.counts.length !== countsUsed * 5
  )
    return false;
  for (let i = 0, at = 0; i < countsUsed; i++, at += 5) {
    const { relation, insert, update, delete: deleted, unreadable } = transaction.countsAt(i);
    if (
      known.counts[at] !== relation.number ||
      known.counts[at + 1] !== insert ||
      known.counts[at + 2] !== update ||
      known.counts[at + 3] !== deleted ||
      known.counts[at + 4] !== unreadable
    )
      return false;
  }
  return true;
}

/** What was truncated: in the words of WAL where it has them, else as new and cut off files tell; undefined where the catalog does not tell what that was. */
function truncatedBy(
  transaction: Did,
  catalog: Catalog,
  databaseOid: number,
  at: Moment,
): readonly (RelationDefinition | undefined)[] {
  if (transaction.truncated.length > 0 || at.ownXids === undefined || !transaction.changesCatalog)
    return transaction.truncated;
  if (isUntold(transaction, catalog, databaseOid, at)) return transaction.emptied;
  const emptied = newFiles(catalog.rowChanges(databaseOid, at.ownXids))
    .filter(({ kind }) => kind === 'r')
    .map(({ lsn, relationOid }) =>
      catalog.relationByOid(databaseOid, relationOid, { lsn, ownXids: at.ownXids }),
    );
  return [...emptied, ...transaction.emptied];
}

/** Did it change rows of the catalog that are not known? Then nobody knows what it said there, be it a TRUNCATE. */
function isUntold(
  { changesCatalog }: Did,
  catalog: Catalog,
  databaseOid: number,
  { ownXids }: Moment,
): boolean {
  return changesCatalog && ownXids !== undefined && catalog.firstUnknown(databaseOid, ownXids) !== undefined;
}

/** `unknown`: the catalog did not tell what one of its relations is. */
function shapeOf(
  transaction: Did,
  catalog: Catalog,
  databaseOid: number,
  at: Moment,
): { readonly shape: TransactionShape; readonly unknown: boolean } {
  const tables = new Map<string, { -readonly [Key in keyof TableCounts]: TableCounts[Key] }>();
  let database = databaseOid || transaction.databaseOid;
  let undecodable = 0;
  let unknown = false;
  const countsOf = (schema: string, table: string) => {
    const key = `${schema}\u0000${table}`;
    let counts = tables.get(key);
    if (!counts) {
      counts = { schema, table, insert: 0, update: 0, delete: 0, truncate: 0 };
      tables.set(key, counts);
    }
    return counts;
  };
  for (const each of transaction.counts) {
    const { relation } = each;
    if (each.insert === 0 && each.update === 0 && each.delete === 0) continue;
    // The definition at commit time; a table that this transaction itself dropped is remembered from when it was written.
    const definition = catalog.relationByLocator(relation.locator, at) ?? each.definition;
    database ||= relation.locator.databaseOid;
    unknown ||= definition === undefined;
    const wasTable = relation.role === 'table' || relation.role === 'unknown';
    if (definition && !(wasTable && roleOf(definition, catalog) === 'table')) continue;
    // Of what a rewrite filled, the file now is the table's own.
    if (each.definition && catalog.isTransient(each.definition)) continue;
    undecodable += definition ? each.unreadable : each.insert + each.update + each.delete;
    const { tablespaceOid, databaseOid: db, fileNode } = relation.locator;
    const counts = definition
      ? countsOf(definition.schema, definition.name)
      : countsOf('?', `relation ${tablespaceOid}/${db}/${fileNode}`);
    counts.insert += each.insert;
    counts.update += each.update;
    counts.delete += each.delete;
  }
  if (isUntold(transaction, catalog, database, at)) undecodable++;
  for (const definition of truncatedBy(transaction, catalog, database, at)) {
    if (definition) countsOf(definition.schema, definition.name).truncate++;
    else {
      unknown = true;
      undecodable++;
    }
  }
  const list = [...tables.values()];
  const sum = (key: 'insert' | 'update' | 'delete' | 'truncate') =>
    list.reduce((total, each) => total + each[key], 0);
  const shape = {
    database: catalog.database(database)?.name ?? (database === 0 ? '' : `database ${database}`),
    tables: list,
    inserts: sum('insert'),
    updates: sum('update'),
    deletes: sum('delete'),
    truncates: sum('truncate'),
    messages: transaction.messages,
    movesSequences: transaction.movesSequences,
    undecodable,
  };
  return { shape, unknown };
}
