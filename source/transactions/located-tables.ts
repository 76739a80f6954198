/** Which table a record is about, as its moment saw the catalog: asked for every record, and mostly the same as a moment ago. */
import type { Catalog } from '../catalog/catalog.js';
import type { Oid, RelationDefinition, RelationLocator, TypeLookup } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { type RowDecoder, RowDecoders } from '../rows/row-decoder.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { replicaIdentityIndex, roleOf } from './relations.js';

/** The relation that the record's first block is of. */
export function locatorOf(record: RecordCursor): RelationLocator {
  return {
    tablespaceOid: record.blockTablespace[0],
    databaseOid: record.blockDatabase[0],
    fileNode: record.blockFileNode[0],
  };
}

/** A table's file, as one view of the catalog has it. */
export interface LocatedTable {
  readonly types: TypeLookup;
  readonly tablespaceOid: Oid;
  readonly fileNode: number;
  readonly definition: RelationDefinition;
  readonly decoder: RowDecoder;
  /** LocatedTables.age when it was found last. */
  age: number;
}

/** Nothing says when the catalog answers the same. */
const NO_AGE = -1;

/** So many are kept. */
const LOCATED_TABLES = 4096;

export class LocatedTables {
  readonly decoders = new RowDecoders();
  /** As long as this stays the same, and is set, the catalog says the same of every moment that is asked for. */
  age = NO_AGE;
  readonly #catalog: Catalog;
  /** By file number. */
  readonly #located = new Map<number, LocatedTable>();
  #lastLocated: LocatedTable | undefined;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The table that a record was of last. */
  get last(): LocatedTable | undefined {
    return this.#lastLocated;
  }

  /** The same table as the last record's, where the catalog says the same as it did then; undefined when it is another, or has to be asked for. */
  again(record: RecordCursor): LocatedTable | undefined {
    const last = this.#lastLocated;
    return last !== undefined &&
      last.fileNode === record.blockFileNode[0] &&
      last.age === this.age &&
      this.age !== NO_AGE &&
      last.tablespaceOid === record.blockTablespace[0] &&
      last.definition.database.oid === record.blockDatabase[0]
      ? last
      : undefined;
  }

  /** The table that the record's first block is of at a moment; undefined where the catalog does not tell. */
  of(record: RecordCursor, moment: Moment): LocatedTable | 'no table' | undefined {
    const tablespaceOid = record.blockTablespace[0];
    const fileNode = record.blockFileNode[0];
    const last = this.#lastLocated;
    const known = last?.fileNode === fileNode ? last : this.#located.get(fileNode);
    if (
      known !== undefined &&
      this.age !== NO_AGE &&
      known.age === this.age &&
      known.tablespaceOid === tablespaceOid &&
      known.definition.database.oid === record.blockDatabase[0]
    ) {
      this.#lastLocated = known;
      return known;
    }
    // The same types are the same view of the catalog, and there a file is the same relation's.
    const types = this.#catalog.types(record.blockDatabase[0], moment);
    const isKnown = known?.types === types && known.tablespaceOid === tablespaceOid;
    const definition = isKnown
      ? known.definition
      : this.#catalog.relationByLocator(locatorOf(record), moment);
    if (!definition) return undefined;
    // A rewrite's transient file may turn out to be one only later.
    if (roleOf(definition, this.#catalog) !== 'table') return 'no table';
    if (isKnown) {
      known.age = this.age;
      this.#lastLocated = known;
      return known;
    }
    const decoder = this.decoders.for(definition, types, this.#rootOf(definition, moment));
    const located: LocatedTable = { types, tablespaceOid, fileNode, definition, decoder, age: this.age };
    if (this.#located.size >= LOCATED_TABLES) this.#located.clear();
    this.#located.set(fileNode, located);
    this.#lastLocated = located;
    return located;
  }

  /** The root of the tree of partitions that a table is in; undefined when it is in none. */
  #rootOf({ database, partitionOf }: RelationDefinition, moment: Moment): RelationDefinition | undefined {
    let root: RelationDefinition | undefined;
    for (let oid = partitionOf; oid !== 0; oid = root?.partitionOf ?? 0) {
      root = this.#catalog.relationByOid(database.oid, oid, moment);
    }
    return root;
  }
}

/** Columns that logical decoding logs as the old row's key, when it logs only a key. */
export function replicaIdentityColumns(
  decoder: RowDecoder,
  definition: RelationDefinition,
): readonly number[] | undefined {
  const wanted = replicaIdentityIndex(definition);
  if (!wanted) return undefined;
  return decoder.table.uniqueKeys.find((key) => key.name === wanted.name)?.columns;
}
