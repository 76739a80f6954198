/** The catalogs that all databases of a cluster share (global/): which databases there are, and names of origins, roles and tablespaces. */
import path from 'node:path';
import { GLOBAL_TABLESPACE } from './bootstrap.js';
import type { BranchPoint } from './branch-point.js';
import { CatalogGroup } from './catalog-group.js';
import type { ClusterContext } from './cluster-context.js';
import type { DatabaseDefinition, Oid } from './model.js';
import type { Moment } from './moment.js';
import { nameDecoder } from './name-text.js';
import {
  type DatabaseRow,
  pgAuthid,
  pgDatabase,
  pgReplicationOrigin,
  pgTablespace,
} from './tables/shared.js';
import type { CatalogTableSpec } from './tables/spec.js';

/** After everything that was fed. */
const NOW: Moment = { lsn: Number.MAX_VALUE };

/** What makes them. */
export interface SharedCatalogsOptions {
  readonly context: ClusterContext;
  readonly dataDirectory: string;
  /** Called whenever anything changed that was said of some moment before. */
  readonly corrected: () => void;
  /** Those of another node, to be taken over as they were where the two parted. */
  readonly branch: { readonly from: SharedCatalogs; readonly point: BranchPoint } | undefined;
}

/** The shared catalogs, looked up row by row. */
export class SharedCatalogs {
  readonly group: CatalogGroup;
  /** Of a branch: the databases that both nodes had. */
  readonly #databasesOfBoth = new Set<Oid>();

  /** Finds their files. Throws ForkpointError when one that every cluster has is missing or damaged. */
  constructor({ context, dataDirectory, corrected, branch }: SharedCatalogsOptions) {
    this.group = new CatalogGroup({
      context,
      directory: path.join(dataDirectory, 'global'),
      tablespaceOid: GLOBAL_TABLESPACE,
      specs: [pgDatabase, pgAuthid, pgReplicationOrigin, pgTablespace],
      text: nameDecoder(undefined),
      corrected,
      branch: branch && { from: branch.from.group, point: branch.point },
    });
    const databases = this.group.table(pgDatabase);
    for (let version = 0; branch && version < databases.store.count; version++) {
      const row = databases.row(version);
      if (row) this.#databasesOfBoth.add(row.definition.oid);
    }
  }

  /** A database at a moment (after everything that was fed unless one is named), or as it was last known. */
  database(oid: Oid, at = NOW): DatabaseDefinition | undefined {
    return (this.databaseRow(oid, at) ?? this.anyDatabaseRow(oid))?.definition;
  }

  /** The row of a database that is seen at a moment. */
  databaseRow(oid: Oid, at: Moment): DatabaseRow | undefined {
    return this.#row(pgDatabase, oid, at);
  }

  /** The newest row of a database, seen or not. */
  anyDatabaseRow(oid: Oid): DatabaseRow | undefined {
    return this.#anyRow(pgDatabase, oid);
  }

  /** Of a branch: did both nodes have this database? */
  isOfBoth(oid: Oid): boolean {
    return this.#databasesOfBoth.has(oid);
  }

  /** The name of a replication origin, as it was last known. */
  originName(id: number): string | undefined {
    return (this.#row(pgReplicationOrigin, id, NOW) ?? this.#anyRow(pgReplicationOrigin, id))?.name;
  }

  #row<Row>(spec: CatalogTableSpec<Row>, key: number, at: Moment): Row | undefined {
    const table = this.group.table(spec);
    const fileNode = this.group.mapAt(at).get(spec.oid) ?? 0;
    const usable = this.group.usableFiles(spec.oid, at, fileNode);
    let found: Row | undefined;
    table.store.eachWithKey(0, key, (version) => {
      if (!found && table.store.isVisible(version, at, usable)) found = table.row(version);
    });
    return found;
  }

  /**
   * The newest version there is, seen or not: a database being worked in was there, even when the version of its row that said so has
   * been cleaned away since.
   */
  #anyRow<Row>(spec: CatalogTableSpec<Row>, key: number): Row | undefined {
    const table = this.group.table(spec);
    let found: Row | undefined;
    table.store.eachWithKey(0, key, (version) => {
      found ??= table.row(version);
    });
    return found;
  }
}
