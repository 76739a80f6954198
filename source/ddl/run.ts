/**
 * A run: what a transaction did to the catalog between two of its row changes. The catalog before and after it tell what was
 * said, as far as it can be told; statements within a run are put into an order in which they work.
 */
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { CatalogRowChange } from '../catalog/catalog-changes.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { DEPEND_BY_REFERENCED, type DependRow, pgDepend } from '../catalog/tables/dependents.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import type { DdlSubject } from '../rows/row-change.js';
import { reasonOf } from './node-tree.js';

/** One statement, reconstructed. */
export interface DdlStatement {
  readonly lsn: Lsn;
  /** For people, without SQL: `creates table public.orders`. */
  readonly description: string;
  /** Absent where it cannot be told. */
  readonly redo?: string;
  /** What takes it back exactly; absent where nothing does. */
  readonly undo?: string;
  /** Why there is no `redo`; or, beside one, what it does not tell. One sentence without a full stop. */
  readonly reason?: string;
  /** What there is to know beside an exact statement. */
  readonly note?: string;
  readonly subject?: DdlSubject;
  /** Not to be run within a transaction block. */
  readonly alone?: boolean;
}

/** The order in which statements of one run work, whatever order they were said in: from what goes to what needs what is new. */
export const Stage = {
  createSchema: 10,
  extension: 12,
  dropConstraint: 15,
  dropDependent: 20,
  dropIndex: 25,
  detach: 28,
  dropTable: 30,
  rename: 40,
  dropColumn: 45,
  type: 50,
  sequence: 60,
  table: 70,
  column: 80,
  index: 85,
  constraint: 90,
  foreignKey: 92,
  attach: 94,
  option: 95,
  other: 97,
  dropLate: 110,
  dropSchema: 120,
} as const;

/** Schemas of temporary objects: gone with their session, and not in anybody's way. */
const TEMPORARY_SCHEMA = /^pg_(toast_)?temp_[0-9]+$/;

interface Staged {
  readonly stage: number;
  readonly order: number;
  readonly statement: DdlStatement;
}

/** What a run is made of: the catalog before and after, and what changed in between. */
export interface RunParts {
  readonly before: CatalogSnapshot;
  readonly after: CatalogSnapshot;
  /** In LSN order. */
  readonly changes: readonly CatalogRowChange[];
  /** Is this a relation that a rewrite filled and threw away? */
  readonly isTransient: (relation: ClassRow) => boolean;
  /** Did a rewrite write rows into this file? */
  readonly wroteRows: (fileNode: number) => boolean;
}

/** One run, and the statements that are made of it. */
export class Run {
  readonly before: CatalogSnapshot;
  readonly after: CatalogSnapshot;
  readonly changes: readonly CatalogRowChange[];
  readonly isTransient: RunParts['isTransient'];
  readonly wroteRows: RunParts['wroteRows'];
  readonly #staged: Staged[] = [];
  /** Extensions that came or went: what belongs to them came and went with them. */
  readonly extensions = new Set<Oid>();

  constructor(parts: RunParts) {
    this.before = parts.before;
    this.after = parts.after;
    this.changes = parts.changes;
    this.isTransient = parts.isTransient;
    this.wroteRows = parts.wroteRows;
  }

  /** Adds a statement. `order` tells those of one stage apart: OIDs, as what came first is needed first. */
  add(stage: number, order: number, statement: DdlStatement): void {
    this.#staged.push({ stage, order, statement });
  }

  /**
   * Adds what `write` makes; where that cannot be told, the description alone with the reason.
   */
  tell(
    stage: number,
    order: number,
    about: Pick<DdlStatement, 'lsn' | 'description' | 'subject'>,
    write: () => Pick<DdlStatement, 'redo' | 'undo' | 'note' | 'reason' | 'alone'>,
  ): void {
    let written: Pick<DdlStatement, 'redo' | 'undo' | 'note' | 'reason' | 'alone'>;
    try {
      written = write();
    } catch (error) {
      written = { reason: reasonOf(error) };
    }
    this.add(stage, order, { ...about, ...written });
  }

  /** All statements, in the order in which they work. */
  statements(): DdlStatement[] {
    const sorted = this.#staged
      .map((each, position) => ({ ...each, position }))
      .sort((a, b) => a.stage - b.stage || a.order - b.order || a.position - b.position);
    return sorted.map(({ statement }) => statement);
  }

  /** The rows of one catalog that changed, each with where. */
  *rowsOf<Row>(catalog: Oid): Generator<{ lsn: Lsn; row: Row; removed: boolean }> {
    for (const { catalog: own, lsn, row, removed } of this.changes)
      if (own === catalog) yield { lsn, row: row as Row, removed };
  }

  /** Is it in a schema of temporary objects? */
  isTemporary(namespaceOid: Oid): boolean {
    const schema = this.after.namespace(namespaceOid) ?? this.before.namespace(namespaceOid);
    return schema !== undefined && TEMPORARY_SCHEMA.test(schema.name);
  }

  /** Does the object belong to an extension that came or went in this run? */
  isMember(classOid: Oid, oid: Oid): boolean {
    if (this.extensions.size === 0) return false;
    return [this.before, this.after].some((rows) =>
      dependencies(rows, classOid, oid).some(
        (each) =>
          each.kind === 'e' &&
          each.referencedClassOid === CatalogOid.extension &&
          this.extensions.has(each.referencedOid),
      ),
    );
  }
}

/** What an object depends on (pg_depend). */
function dependencies(rows: CatalogSnapshot, classOid: Oid, oid: Oid): DependRow[] {
  return rows.all(pgDepend, oid).filter((each) => each.classOid === classOid && each.objectOid === oid);
}

/** The column that a sequence belongs to: as a serial ('a') or as an identity column's ('i'). Undefined for one that stands alone. */
export function sequenceOwner(
  rows: CatalogSnapshot,
  oid: Oid,
): { readonly relationOid: Oid; readonly column: number; readonly identity: boolean } | undefined {
  const owner = dependencies(rows, CatalogOid.class, oid).find(
    (each) =>
      (each.kind === 'a' || each.kind === 'i') &&
      each.referencedClassOid === CatalogOid.class &&
      each.referencedSubId > 0,
  );
  return (
    owner && {
      relationOid: owner.referencedOid,
      column: owner.referencedSubId,
      identity: owner.kind === 'i',
    }
  );
}

/** Sequences that belong to columns of a table. */
export function ownedSequences(
  rows: CatalogSnapshot,
  relationOid: Oid,
): { readonly oid: Oid; readonly column: number; readonly identity: boolean }[] {
  return rows
    .all(pgDepend, relationOid, DEPEND_BY_REFERENCED)
    .filter(
      (each) =>
        each.referencedClassOid === CatalogOid.class &&
        each.classOid === CatalogOid.class &&
        each.referencedSubId > 0 &&
        (each.kind === 'a' || each.kind === 'i') &&
        rows.relation(each.objectOid)?.kind === 'S',
    )
    .map((each) => ({ oid: each.objectOid, column: each.referencedSubId, identity: each.kind === 'i' }));
}
