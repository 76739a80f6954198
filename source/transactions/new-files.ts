/**
 * Which relations a transaction gave a new, empty file: at wal_level=replica, and in 10 at any level, that is all that WAL says of a
 * TRUNCATE, and of a sequence that is restarted.
 *
 * A rewrite (ALTER TABLE, CLUSTER, VACUUM FULL) gives a table a new file too, but one that was another relation's first: the
 * transient one's that it filled. SET TABLESPACE says so in the row. REINDEX is about indexes only.
 */
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid, FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import type { CatalogRowChange } from '../catalog/catalog-changes.js';
import type { Oid } from '../catalog/model.js';
import type { ClassRow } from '../catalog/tables/relations.js';

/** A relation that was emptied. */
export interface NewFile {
  /** Where pg_class was told. */
  readonly lsn: Lsn;
  readonly relationOid: Oid;
  /** relkind: 'r' or 'S'. */
  readonly kind: string;
}

/** New files of tables and sequences among a transaction's changes of the catalog (in LSN order), in that order. */
export function newFiles(changes: readonly CatalogRowChange[]): NewFile[] {
  const current = new Map<Oid, ClassRow>();
  /** Whose each file was first. */
  const firstOwner = new Map<number, Oid>();
  const found: NewFile[] = [];
  for (const { catalog, lsn, row, removed } of changes) {
    if (catalog !== CatalogOid.class) continue;
    const relation = row as ClassRow;
    const { oid, fileNode, kind } = relation;
    if (fileNode !== 0 && !firstOwner.has(fileNode)) firstOwner.set(fileNode, oid);
    const before = current.get(oid);
    current.set(oid, relation);
    if (removed || !before || before.fileNode === fileNode || oid < FIRST_NORMAL_OID) continue;
    if ((kind !== 'r' && kind !== 'S') || before.persistence !== 'p' || relation.persistence !== 'p')
      continue;
    if (before.tablespaceOid !== relation.tablespaceOid || firstOwner.get(fileNode) !== oid) continue;
    found.push({ lsn, relationOid: oid, kind });
  }
  return found;
}
