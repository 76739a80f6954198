/** The catalog of one database: its files and its moments. */
import type { Lsn } from '../bytes/lsn.js';
import type { BranchPoint } from './branch-point.js';
import { CatalogGroup } from './catalog-group.js';
import type { CatalogRows } from './catalog-rows.js';
import type { ClusterContext } from './cluster-context.js';
import { type DescribedRelation, describeRelation } from './definitions.js';
import type { DatabaseDefinition, Oid, RelationDefinition } from './model.js';
import type { Moment } from './moment.js';
import { CatalogSnapshot } from './snapshot.js';
import { pgAttribute, pgAttributeDefault } from './tables/attributes.js';
import { pgConstraint } from './tables/constraints.js';
import { pgDepend, pgRewrite, pgTrigger } from './tables/dependents.js';
import { pgIndex, pgOperatorClass } from './tables/indexes.js';
import { pgAccessMethod, pgCollation, pgExtension, pgNamespace } from './tables/named.js';
import { pgOperator, pgProc } from './tables/procedures.js';
import {
  CLASS_BY_OID,
  type ClassRow,
  pgClass,
  pgInherits,
  pgPartitionedTable,
  pgSequence,
} from './tables/relations.js';
import type { CatalogTableSpec, DecodeText } from './tables/spec.js';
import { pgCast, pgEnum, pgRange, pgType } from './tables/types.js';

/** pg_class comes first: it says where the others' files are. */
const DATABASE_SPECS: readonly CatalogTableSpec<unknown>[] = [
  pgClass,
  pgAttribute,
  pgType,
  pgProc,
  pgNamespace,
  pgIndex,
  pgInherits,
  pgEnum,
  pgRange,
  pgAttributeDefault,
  pgConstraint,
  pgSequence,
  pgPartitionedTable,
  pgDepend,
  pgOperator,
  pgOperatorClass,
  pgCollation,
  pgAccessMethod,
  pgCast,
  pgTrigger,
  pgRewrite,
  pgExtension,
];

/** How many moments are kept at hand, and how many versions of one relation's definition. */
const KEPT_SNAPSHOTS = 16;
const KEPT_DEFINITIONS = 4;

/** The view last asked for, and how far it holds: whoever asks next mostly asks for the same. */
interface LastSnapshot {
  readonly ownXids: ReadonlySet<number> | undefined;
  readonly ownCount: number;
  readonly revision: number;
  /** Holds for after < lsn <= until. */
  readonly after: Lsn;
  readonly until: Lsn;
  readonly snapshot: CatalogSnapshot | undefined;
}

/** What makes it: where its files are, and what it shares with the other databases. */
export interface DatabaseCatalogOptions {
  readonly context: ClusterContext;
  readonly directory: string;
  readonly tablespaceOid: Oid;
  /** pg_database and pg_authid. */
  readonly shared: CatalogGroup;
  readonly text: DecodeText;
  /** The database as pg_database has it at a moment; undefined when it is not there. */
  readonly definitionAt: (at: Moment) => DatabaseDefinition | undefined;
  /** The same database of another node, to be taken over as it was where the two parted. */
  readonly branch?: { readonly from: DatabaseCatalog; readonly point: BranchPoint };
}

/** A database as any moment sees it; what was described once stays the same object while nothing it is made of changed. */
export class DatabaseCatalog {
  readonly majorVersion: number;
  readonly group: CatalogGroup;
  readonly shared: CatalogGroup;
  readonly #definitionAt: DatabaseCatalogOptions['definitionAt'];
  readonly #snapshots = new Map<string, CatalogSnapshot | undefined>();
  readonly #described = new Map<Oid, DescribedRelation[]>();
  #last: LastSnapshot | undefined;
  #correction = 0;

  /** Reads the database's catalogs. Throws ForkpointError when they cannot be read. */
  constructor(options: DatabaseCatalogOptions) {
    this.majorVersion = options.context.majorVersion;
    this.shared = options.shared;
    this.#definitionAt = options.definitionAt;
    this.group = new CatalogGroup({
      context: options.context,
      directory: options.directory,
      tablespaceOid: options.tablespaceOid,
      specs: DATABASE_SPECS,
      text: options.text,
      corrected: () => this.forget(),
      branch: options.branch && { from: options.branch.from.group, point: options.branch.point },
    });
  }

  /** What was said before may no longer be true. */
  forget(): void {
    this.#snapshots.clear();
    this.#last = undefined;
    this.#correction++;
  }

  /** How often that was the case. */
  get corrections(): number {
    return this.#correction;
  }

  /** The catalog as that moment sees it; undefined when the database is not there then. */
  snapshotAt(at: Moment): CatalogSnapshot | undefined {
    const { lsn, ownXids } = at;
    if (lsn > this.group.lostAt || lsn > this.shared.lostAt) return undefined;
    const ownCount = ownXids === undefined ? 0 : ownXids.size;
    const revision = this.group.changes.revision + this.shared.changes.revision + this.#correction;
    const last = this.#last;
    if (
      last !== undefined &&
      last.ownXids === ownXids &&
      last.ownCount === ownCount &&
      last.revision === revision &&
      last.after < lsn &&
      lsn <= last.until
    )
      return last.snapshot;
    return this.#look(lsn, ownXids, revision);
  }

  /** Was this file the relation's at any time, seen or not? */
  hadFile(oid: Oid, fileNode: number): boolean {
    const classes = this.group.table(pgClass);
    let had = false;
    classes.store.eachWithKey(CLASS_BY_OID, oid, (version) => {
      had ||= classes.row(version)?.fileNode === fileNode;
    });
    return had;
  }

  /** Describes a relation; the same object as before while nothing that it is made of changed. */
  describe(rows: CatalogRows, relation: ClassRow): RelationDefinition | undefined {
    const known = this.#described.get(relation.oid) ?? [];
    const described = describeRelation(rows, relation, known);
    if (!described) return undefined;
    if (!known.includes(described)) {
      this.#described.set(relation.oid, [described, ...known].slice(0, KEPT_DEFINITIONS));
    }
    return described.definition;
  }

  #look(lsn: Lsn, ownXids: ReadonlySet<number> | undefined, revision: number): CatalogSnapshot | undefined {
    const own = this.group.changes.quietAround(lsn);
    const shared = this.shared.changes.quietAround(lsn);
    let after = Math.max(own.after, shared.after);
    let until = Math.min(own.until, shared.until);
    let key = `${own.number} ${shared.number}`;
    const changers = new Set<number>();
    for (const group of ownXids ? [this.group, this.shared] : []) {
      for (const xid of group.changes.changers(ownXids!)) {
        changers.add(xid);
        for (const change of group.changes.changesOf(xid)) {
          if (change < lsn) after = Math.max(after, change);
          else until = Math.min(until, change);
        }
      }
    }
    if (changers.size > 0) key = `${[...changers].sort().join(' ')} after ${after} of ${revision}`;
    const snapshot = this.#kept(key, changers.size > 0 ? { lsn, ownXids: changers } : { lsn });
    // Looking may itself have led to a correction: then the next one looks again.
    this.#last = { ownXids, ownCount: ownXids?.size ?? 0, revision, after, until, snapshot };
    return snapshot;
  }

  #kept(key: string, at: Moment): CatalogSnapshot | undefined {
    if (this.#snapshots.has(key)) return this.#snapshots.get(key);
    const database = this.#definitionAt(at);
    const snapshot = database && new CatalogSnapshot(this, database, at);
    if (this.#snapshots.size >= KEPT_SNAPSHOTS) {
      const [oldest] = this.#snapshots.keys();
      this.#snapshots.delete(oldest);
    }
    this.#snapshots.set(key, snapshot);
    return snapshot;
  }
}
