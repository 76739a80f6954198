/**
 * Relation files as WAL names them (1663/5/16403), numbered as they are met, and what each is for.
 *
 * Asked for every block reference of every heap record, so a look-up is two Map reads on numbers, and none when the
 * relation was asked for a moment ago.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import { transientName } from '../catalog/definitions.js';
import type { RelationDefinition, RelationLocator, UniqueIndexDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { holdsLargeObjects } from '../rows/large-object-catalogs.js';

/**
 * What a relation file means for reading rows. `unknown`: the catalog does not tell (yet). `ignored`: an index, a materialized
 * view, a table being rewritten: pages, but no rows of anybody's.
 */
export type RelationRole = 'unknown' | 'table' | 'toast' | 'catalog' | 'sequence' | 'ignored';

/** One relation file. */
export interface LocalRelation {
  /** Counted from 1, in the order of first sight. */
  readonly number: number;
  readonly locator: RelationLocator;
  role: RelationRole;
  /** What the catalog said when it was last asked; undefined while unknown. */
  definition: RelationDefinition | undefined;
  /** It may be the transient relation of a rewrite, or that one's TOAST table: then the file becomes another relation's. */
  maybeTransient: boolean;
  /** It was never seen to be anything else than a table: no rewrite's transient file, say, that became one. */
  alwaysTable: boolean;
  /** CatalogScan.age when it was last asked what this is. */
  identifiedAt: number;
  /** The catalog wants to hear of every tuple written here. */
  readonly followed: boolean;
}

/** A power of two. */
const RECENT = 256;

export class Relations {
  readonly #catalog: Catalog & CatalogFeed;
  readonly #byDatabase = new Map<number, Map<number, LocalRelation[]>>();
  #count = 0;
  /** Those asked for last, by the last bits of their file's number. */
  readonly #recent: (LocalRelation | undefined)[] = Array.from({ length: RECENT }, () => undefined);

  constructor(catalog: Catalog & CatalogFeed) {
    this.#catalog = catalog;
  }

  /** The relation file with this locator, new when it was never met. */
  at(tablespaceOid: number, databaseOid: number, fileNode: number): LocalRelation {
    const recent = this.#recent[fileNode & (RECENT - 1)];
    if (
      recent !== undefined &&
      recent.locator.fileNode === fileNode &&
      recent.locator.databaseOid === databaseOid &&
      recent.locator.tablespaceOid === tablespaceOid
    )
      return recent;
    return this.#look(tablespaceOid, databaseOid, fileNode);
  }

  /** By itself, for what its closure holds would be made at every call of at(). */
  #look(tablespaceOid: number, databaseOid: number, fileNode: number): LocalRelation {
    let files = this.#byDatabase.get(databaseOid);
    if (!files) {
      files = new Map();
      this.#byDatabase.set(databaseOid, files);
    }
    let candidates = files.get(fileNode);
    if (!candidates) {
      candidates = [];
      files.set(fileNode, candidates);
    }
    let found = candidates.find((each) => each.locator.tablespaceOid === tablespaceOid);
    if (!found) {
      found = {
        number: ++this.#count,
        locator: { tablespaceOid, databaseOid, fileNode },
        role: 'unknown',
        definition: undefined,
        maybeTransient: false,
        alwaysTable: true,
        identifiedAt: -1,
        followed: this.#catalog.follows(tablespaceOid, databaseOid, fileNode),
      };
      if (found.followed) found.role = 'catalog';
      candidates.push(found);
    }
    this.#recent[fileNode & (RECENT - 1)] = found;
    return found;
  }

  /** Files met that may be this one of a database: a tablespace of 0 is the database's own, which only WAL names. */
  met(
    databaseOid: number,
    { tablespaceOid, fileNode }: Pick<RelationDefinition, 'tablespaceOid' | 'fileNode'>,
  ): readonly LocalRelation[] {
    const candidates = this.#byDatabase.get(databaseOid)?.get(fileNode) ?? [];
    return candidates.filter(({ locator }) => tablespaceOid === 0 || tablespaceOid === locator.tablespaceOid);
  }

  /** The catalog's name when a change of it is worth telling, else undefined. */
  catalogName(relation: LocalRelation, lsn: Lsn): string | undefined {
    if (!relation.definition) {
      relation.definition = this.#catalog.relationByLocator(relation.locator, { lsn });
    }
    const name = relation.definition?.name ?? 'a system catalog';
    return UNREMARKABLE_CATALOGS.has(name) ? undefined : name;
  }

  /** Finds out what an unknown relation is, as seen at `moment`. */
  identify(relation: LocalRelation, moment: Moment): void {
    const definition = this.#catalog.relationByLocator(relation.locator, moment);
    if (!definition) {
      // Of a transient relation's file it is not known whose it has become.
      if (relation.maybeTransient) {
        relation.role = 'unknown';
        relation.definition = undefined;
        relation.alwaysTable = false;
      }
      return;
    }
    relation.definition = definition;
    relation.maybeTransient = transientName(definition.name) !== 0 || this.#isOfTransient(definition, moment);
    relation.role = roleOf(definition, this.#catalog);
    if (relation.role !== 'table') relation.alwaysTable = false;
  }

  /** Is it the TOAST table of a transient relation? Its file may become that of the TOAST table of what is rewritten, or it that itself. */
  #isOfTransient({ kind, name, database }: RelationDefinition, moment: Moment): boolean {
    const owner = kind === 't' ? Number(/^pg_toast_([1-9][0-9]*)$/.exec(name)?.[1] ?? 0) : 0;
    const table = owner === 0 ? undefined : this.#catalog.relationByOid(database.oid, owner, moment);
    return table !== undefined && transientName(table.name) !== 0;
  }
}

/**
 * Catalogs that change without anybody having said so: the statistics that ANALYZE gathers, and those about their own TOAST.
 * A transaction that wrote nothing else lost nothing. And pg_shdepend, which only follows what another row says of owners and
 * privileges.
 */
const UNREMARKABLE_CATALOGS: ReadonlySet<string> = new Set([
  'pg_statistic',
  'pg_statistic_ext_data',
  'pg_shdepend',
]);

/** What rows of this relation are to an operator. */
export function roleOf(definition: RelationDefinition, catalog: Catalog): RelationRole {
  if (definition.kind === 't') return 'toast';
  if (holdsLargeObjects(definition)) return 'table';
  if (definition.system) return 'catalog';
  if (definition.kind === 'S') return 'sequence';
  if (definition.kind !== 'r' || catalog.isTransient(definition)) return 'ignored';
  return 'table';
}

/** The index whose columns logical decoding logs of an old row whose key changes; undefined when there is none, or it logs the whole row. */
export function replicaIdentityIndex(definition: RelationDefinition): UniqueIndexDefinition | undefined {
  return definition.uniqueIndexes.find((index) =>
    definition.replicaIdentity === 'i'
      ? index.replicaIdentity
      : definition.replicaIdentity === 'd' && index.primary,
  );
}
