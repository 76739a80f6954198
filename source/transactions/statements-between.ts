/**
 * What a transaction said to the catalog between its row changes, as statements in their place: found by one walk over its records,
 * of which none is kept.
 */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CatalogRowChange } from '../catalog/catalog-changes.js';
import { isTransientOfCatalog } from '../catalog/definitions.js';
import type { Oid } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { type ClassRow, pgSequence } from '../catalog/tables/relations.js';
import { reasonOf } from '../ddl/node-tree.js';
import { relationName } from '../ddl/object-names.js';
import { reconstruct } from '../ddl/reconstruct.js';
import { type DdlStatement, ownedSequences } from '../ddl/run.js';
import type { CatalogChange, RowChange, SequenceChange, UndecodableChange } from '../rows/row-change.js';
import { TruncateFlag } from '../wal/heap-record.js';
import type { WalReader } from '../wal/reader.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { ChangeDecoder } from './changes.js';
import { newFiles } from './new-files.js';
import { roleOfRecord } from './record-role.js';
import { RecordSieve } from './record-sieve.js';
import type { Relations } from './relations.js';
import { lostRecord } from './transaction-records.js';

/** A change that no record of a row tells. */
export type ToldChange = CatalogChange | RowChange | SequenceChange | UndecodableChange;

/**
 * All of them: before the record of rows at an LSN, and behind the last. Records of sequences are told here too, as what they mean
 * depends on what was said.
 */
export interface StatementsBetween {
  readonly before: ReadonlyMap<Lsn, readonly ToldChange[]>;
  readonly after: readonly ToldChange[];
}

/** It said nothing: of a transaction that did not change the catalog. */
export const NOTHING_BETWEEN: StatementsBetween = { before: new Map(), after: [] };

/** Catalogs whose rows are told as statements, or go without saying. Changes of others are named. */
const TOLD: ReadonlySet<string> = new Set(
  `pg_class pg_attribute pg_type pg_attrdef pg_constraint pg_index pg_inherits pg_sequence pg_namespace pg_enum pg_range pg_depend
   pg_shdepend pg_partitioned_table pg_trigger pg_rewrite pg_proc pg_extension pg_operator pg_opclass pg_collation pg_am pg_cast
   pg_init_privs`.split(/\s+/),
);

/** What they are found with. */
export interface StatementsParts {
  readonly catalog: Catalog;
  readonly decoder: ChangeDecoder;
  readonly relations: Relations;
  /** Nobody relies on where it stands between two calls. */
  readonly walker: WalReader;
  readonly xid: number;
  /** The transaction and its committed children. */
  readonly ownXids: ReadonlySet<number>;
  readonly firstLsn: Lsn;
  /** Where its commit (or prepare) record begins. */
  readonly commitLsn: Lsn;
}

/** A table that was emptied, somewhere in a run. */
interface Emptied {
  readonly lsn: Lsn;
  readonly relationOid: Oid;
}

/** What one walk finds out before another makes use of it. */
interface Survey {
  /** The database whose catalog was changed, 0 when only shared catalogs were. */
  databaseOid: Oid;
  catalogLsn: Lsn;
  readonly catalogs: Set<string>;
  /** WAL has its TRUNCATEs in words (XLOG_HEAP_TRUNCATE), some of them with RESTART IDENTITY. */
  truncatesLogged: boolean;
  restartsLogged: boolean;
}

/** Shows every record of the transaction that may matter to `visit`, with the LSN under which its rows are decoded. */
function walk(
  { relations, walker, firstLsn, commitLsn, ownXids }: StatementsParts,
  visit: (lsn: Lsn) => void,
  catalog: (lsn: Lsn, name: string) => void,
): void {
  const sieve = new RecordSieve(
    relations,
    { changes: (_xid, _order, lsn) => visit(lsn), catalog: (_xid, lsn, name) => catalog(lsn, name) },
    ownXids,
  );
  walker.seek(firstLsn);
  while (walker.position < commitLsn) {
    if (!walker.next()) throw lostRecord(walker.position, walker.end?.reason);
    sieve.add(walker);
  }
}

function surveyOf(parts: StatementsParts): Survey {
  const survey: Survey = {
    databaseOid: 0,
    catalogLsn: 0,
    catalogs: new Set(),
    truncatesLogged: false,
    restartsLogged: false,
  };
  const { walker } = parts;
  walk(
    parts,
    () => {
      const { rmid, info, view, mainOffset } = walker;
      if (rmid !== ResourceManager.heap || (info & HeapOperation.mask) !== HeapOperation.truncate) return;
      survey.truncatesLogged = true;
      survey.restartsLogged ||= (view.getUint8(mainOffset + 8) & TruncateFlag.restartSequences) !== 0;
    },
    (lsn, name) => {
      survey.catalogLsn ||= lsn;
      survey.catalogs.add(name);
      survey.databaseOid ||= walker.blockDatabase[0];
    },
  );
  return survey;
}

class StatementFinder {
  readonly #parts: StatementsParts;
  readonly #survey: Survey;
  readonly #changes: readonly CatalogRowChange[];
  readonly #databaseOid: Oid;
  /** The first of its records that changed a row of the catalog which is not known: nobody knows then what it said. */
  readonly #unknown: Lsn | undefined;
  /** Tables emptied and not told yet, in LSN order. */
  readonly #emptied: Emptied[];
  /** Sequences with a new file, not told yet. */
  readonly #restarted: Emptied[];
  readonly #created = new Set<Oid>();
  readonly #transientFiles = new Set<number>();
  readonly #before = new Map<Lsn, ToldChange[]>();
  #next = 0;
  #sequences: { readonly oid: Oid | undefined; readonly change: SequenceChange }[] = [];

  constructor(parts: StatementsParts) {
    this.#parts = parts;
    this.#survey = surveyOf(parts);
    const { catalog, ownXids } = parts;
    this.#databaseOid = this.#survey.databaseOid;
    this.#unknown = catalog.firstUnknown(this.#databaseOid, ownXids);
    // A row that it changed would seem to be one that it took away, or made.
    this.#changes = this.#unknown === undefined ? catalog.rowChanges(this.#databaseOid, ownXids) : [];
    const files = newFiles(this.#changes);
    // Where logical decoding is served, WAL says TRUNCATE in words.
    this.#emptied = this.#survey.truncatesLogged ? [] : files.filter((each) => each.kind === 'r');
    this.#restarted = files.filter((each) => each.kind === 'S');
    this.#noteCreated();
  }

  find(): StatementsBetween {
    const { walker } = this.#parts;
    walk(
      this.#parts,
      (lsn) => {
        if (lsn === walker.lsn && this.#noteOther()) return;
        if (!this.#hasRunUntil(walker.lsn)) return;
        const told = this.#flush(walker.lsn);
        if (told.length > 0) this.#before.set(lsn, told);
      },
      () => {},
    );
    const after = this.#flush(Number.POSITIVE_INFINITY);
    if (this.#unknown !== undefined) after.push(this.#untold(this.#unknown));
    const named = namedCatalogs(this.#parts, this.#survey);
    if (named) after.push(named);
    return { before: this.#before, after };
  }

  #untold(lsn: Lsn): UndecodableChange {
    return {
      kind: 'undecodable',
      operation: 'update',
      lsn,
      xid: this.#parts.xid,
      relation: 'the system catalog',
      problem:
        'a row that it changed there is not known, and so neither what it did to definitions nor whether it emptied a table',
    };
  }

  /** Notes a record that is no row's; false when it is one. */
  #noteOther(): boolean {
    const { catalog, walker, decoder, ownXids } = this.#parts;
    const role = roleOfRecord(catalog, walker, ownXids);
    switch (role.kind) {
      case 'rows':
        return false;
      case 'sequence':
        for (const change of decoder.sequence(walker, { lsn: walker.lsn, ownXids }))
          this.#sequences.push({ oid: role.relationOid, change });
        return true;
      case 'emptied':
        if (!this.#survey.truncatesLogged)
          this.#noteEmptied({ lsn: walker.lsn, relationOid: role.relationOid });
        return true;
      case 'transient':
        this.#transientFiles.add(walker.blockFileNode[0]);
        return true;
      case 'nothing':
        return true;
    }
  }

  #noteCreated(): void {
    const [first] = this.#changes;
    const before = first && this.#rows(first.lsn);
    for (const { catalog, row, removed } of this.#changes) {
      if (catalog !== CatalogOid.class) continue;
      const { oid, kind } = row as ClassRow;
      if (kind === 'S' && !removed && !before?.relation(oid)) this.#created.add(oid);
    }
  }

  #rows(lsn: Lsn) {
    return this.#parts.catalog.rows(this.#databaseOid, { lsn, ownXids: this.#parts.ownXids });
  }

  #noteEmptied(emptied: Emptied): void {
    const at = this.#emptied.findIndex((each) => each.lsn > emptied.lsn);
    this.#emptied.splice(at < 0 ? this.#emptied.length : at, 0, emptied);
  }

  #hasRunUntil(lsn: Lsn): boolean {
    return (
      (this.#changes[this.#next]?.lsn ?? Number.POSITIVE_INFINITY) < lsn ||
      (this.#emptied[0]?.lsn ?? Number.POSITIVE_INFINITY) < lsn ||
      this.#sequences.length > 0
    );
  }

  /** Tells everything that was said to the catalog before `until`. */
  #flush(until: Lsn): ToldChange[] {
    const changes: ToldChange[] = [];
    let group: RowChange[] = [];
    const endGroup = (): void => {
      this.#noteRestart(group, until);
      changes.push(...group);
      group = [];
    };
    while (this.#emptied.length > 0 && this.#emptied[0].lsn < until) {
      const emptied = this.#emptied.shift()!;
      const statements = this.#statementsUntil(emptied.lsn);
      if (statements.length > 0) {
        endGroup();
        changes.push(...statements);
      }
      // One TRUNCATE of many tables, as far as anybody can tell: said in one, it works where foreign keys tie them.
      const change = this.#truncateChange(emptied, group[0]?.lsn ?? emptied.lsn);
      if (change?.kind === 'row') group.push(change);
      else if (change) {
        endGroup();
        changes.push(change);
      }
    }
    const statements = this.#statementsUntil(until);
    endGroup();
    changes.push(...statements);
    changes.push(...this.#sequenceChanges(until));
    return changes;
  }

  #statementsUntil(until: Lsn): CatalogChange[] {
    const first = this.#next;
    while (this.#next < this.#changes.length && this.#changes[this.#next].lsn < until) this.#next++;
    if (first === this.#next) return [];
    const run = this.#changes.slice(first, this.#next);
    const before = this.#rows(run[0].lsn);
    const after = this.#rows(run[run.length - 1].lsn + 1);
    if (!before || !after) return [];
    const { catalog, xid } = this.#parts;
    return reconstruct({
      before,
      after,
      changes: run,
      isTransient: (relation) => {
        if (relation.rewriteOf !== 0 || isTransientOfCatalog(relation)) return true;
        const definition = after.relationByOid(relation.oid) ?? before.relationByOid(relation.oid);
        return definition !== undefined && catalog.isTransient(definition);
      },
      wroteRows: (fileNode) => this.#transientFiles.has(fileNode),
    }).map((statement) =>
      catalogChange(xid, after.database.name, after.isComplete ? statement : untold(statement)),
    );
  }

  #truncateChange({ lsn, relationOid }: Emptied, told: Lsn): RowChange | UndecodableChange | undefined {
    const moment: Moment = { lsn, ownXids: this.#parts.ownXids };
    const { catalog, decoder } = this.#parts;
    const table = decoder.tableByOid(this.#databaseOid, relationOid, moment);
    if (!table && catalog.relationByOid(this.#databaseOid, relationOid, moment)) return undefined;
    if (!table) {
      return {
        kind: 'undecodable',
        operation: 'truncate',
        lsn,
        xid: this.#parts.xid,
        relation: `OID ${relationOid}`,
        problem: `the catalog does not tell which table OID ${relationOid} was at ${formatLsn(lsn)}`,
      };
    }
    return {
      kind: 'row',
      operation: 'truncate',
      lsn: told,
      xid: this.#parts.xid,
      table,
      truncate: { cascade: false, restartIdentity: false },
    };
  }

  /** TRUNCATE … RESTART IDENTITY: every sequence that belongs to one of the tables got a new file right after. */
  #noteRestart(group: RowChange[], until: Lsn): void {
    if (group.length === 0) return;
    const rows = this.#rows(group[0].lsn);
    const owned = rows ? group.flatMap(({ table }) => ownedSequences(rows, table.oid)) : [];
    const restarted = owned.map(({ oid }) =>
      this.#restarted.find((each) => each.relationOid === oid && each.lsn > group[0].lsn && each.lsn < until),
    );
    if (owned.length === 0 || restarted.some((each) => each === undefined)) return;
    for (const [i, change] of group.entries())
      group[i] = { ...change, truncate: { cascade: false, restartIdentity: true } };
    for (const each of restarted) this.#forgetRestart(each!.relationOid);
  }

  #forgetRestart(oid: Oid): void {
    for (let i = this.#restarted.length - 1; i >= 0; i--)
      if (this.#restarted[i].relationOid === oid) this.#restarted.splice(i, 1);
    this.#sequences = this.#sequences.filter((each) => each.oid !== oid || each.change.isCalled);
  }

  /** Where sequences stand: what CREATE SEQUENCE said already is not said again, and a restart sets back what setval would leave. */
  #sequenceChanges(until: Lsn): (CatalogChange | SequenceChange)[] {
    const told: (CatalogChange | SequenceChange)[] = [];
    for (const { oid, change } of this.#sequences) {
      const restart =
        oid === undefined
          ? undefined
          : this.#restarted.find(
              (each) => each.relationOid === oid && each.lsn < change.lsn && each.lsn < until,
            );
      if (oid !== undefined && this.#created.has(oid) && !change.isCalled) continue;
      if (restart && oid !== undefined && !this.#survey.restartsLogged) {
        this.#restarted.splice(this.#restarted.indexOf(restart), 1);
        const statement = this.#restart(oid, change);
        if (statement) told.push(statement);
        else told.push(change);
      } else told.push(change);
    }
    this.#sequences = [];
    return told;
  }

  /** ALTER SEQUENCE … RESTART; undefined where the sequence only got other parameters and goes on from where it was. */
  #restart(oid: Oid, change: SequenceChange): CatalogChange | undefined {
    const rows = this.#rows(change.lsn);
    if (!rows?.one(pgSequence, oid) || change.isCalled) return undefined;
    try {
      return catalogChange(this.#parts.xid, change.database, {
        lsn: change.lsn,
        description: `restarts sequence ${change.schema}.${change.name}`,
        redo: `ALTER SEQUENCE ${relationName(rows, oid)} RESTART WITH ${change.lastValue}`,
        subject: { effect: 'alter', kind: 'relation', schema: change.schema, name: change.name },
      });
    } catch (error) {
      reasonOf(error);
      return undefined;
    }
  }
}

/** Without all catalogs, what something belongs to or needs may have been overlooked. */
function untold({ lsn, description, subject }: DdlStatement): DdlStatement {
  return {
    lsn,
    description,
    subject,
    reason: 'the files of some system catalogs are missing from this data directory',
  };
}

function catalogChange(xid: number, database: string, statement: DdlStatement): CatalogChange {
  const { lsn, description, redo, undo, reason, note, subject, alone } = statement;
  return {
    kind: 'catalog',
    lsn,
    xid,
    database,
    description,
    statement: redo,
    undo,
    reason,
    note,
    subject,
    alone,
  };
}

/** Finds what a transaction that changed the catalog said to it. */
export function statementsBetween(parts: StatementsParts): StatementsBetween {
  return new StatementFinder(parts).find();
}

/** Changes of catalogs that are not told as statements, in one line. */
function namedCatalogs(
  { xid, catalog }: StatementsParts,
  { catalogLsn, catalogs, databaseOid }: Survey,
): CatalogChange | undefined {
  if (catalogLsn === 0) return undefined;
  const all = [...catalogs].sort();
  const unreadable = databaseOid !== 0 && !catalog.rows(databaseOid, { lsn: catalogLsn });
  const names = unreadable ? all : all.filter((name) => !TOLD.has(name));
  if (names.length === 0) return undefined;
  return {
    kind: 'catalog',
    lsn: catalogLsn,
    xid,
    description: `also changes the catalog: ${names.join(', ')}`,
    reason: unreadable
      ? `the catalog of database ${databaseOid} could not be read as of ${formatLsn(catalogLsn)}`
      : 'what it changed there is not reconstructed',
  };
}
