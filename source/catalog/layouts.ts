/** The columns of the catalogs themselves, read from pg_attribute: the same in every database of a cluster. */

import path from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { linePointerCount, tupleAt } from '../heap/page.js';
import { bootstrapAttributes, CatalogOid } from './bootstrap.js';
import { databaseHome, databaseOids } from './database-directories.js';
import { readFileNodeMap } from './filenode-map.js';
import type { AttributeDefinition, Oid } from './model.js';
import { RelationFile } from './relation-file.js';
import { decodeAttribute } from './tables/attributes.js';
import { TupleReader } from './tuple-reader.js';

/** The columns of every catalog that is read, by the catalog's OID. */
export type CatalogLayouts = ReadonlyMap<Oid, readonly AttributeDefinition[]>;

/**
 * The columns of every catalog in CatalogOid, from the first database that has them whole. `pageSize` in bytes. Throws ForkpointError
 * when no database has.
 */
export function readClusterLayouts(
  dataDirectory: string,
  majorVersion: number,
  pageSize: number,
): CatalogLayouts {
  let firstError: unknown;
  for (const oid of databaseOids(dataDirectory, majorVersion)) {
    const { directory } = databaseHome(dataDirectory, majorVersion, oid)!;
    try {
      const fileNode = readFileNodeMap(path.join(directory, 'pg_filenode.map')).get(CatalogOid.attribute);
      return readCatalogLayouts(path.join(directory, String(fileNode)), majorVersion, pageSize);
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error;
      firstError ??= error;
    }
  }
  throw (
    firstError ??
    new ForkpointError({
      what: 'there is no database to read the catalog from',
      where: path.join(dataDirectory, 'base'),
      next: 'name a complete data directory',
    })
  );
}

/**
 * Reads the columns of every catalog in CatalogOid from a pg_attribute file. Dead versions of these rows serve as well as live ones:
 * a catalog's columns never change within a major. Throws ForkpointError when the file does not have them.
 */
export function readCatalogLayouts(
  pgAttributePath: string,
  majorVersion: number,
  pageSize: number,
): CatalogLayouts {
  const reader = new TupleReader(bootstrapAttributes(majorVersion));
  const byCatalog = new Map<Oid, AttributeDefinition[]>(Object.values(CatalogOid).map((oid) => [oid, []]));
  RelationFile.find(pgAttributePath, pageSize)?.eachPage((page) => {
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (!place || !reader.look(page, place.start, place.length)) continue;
      const attributes = byCatalog.get(reader.oid('attrelid'));
      if (!attributes || reader.number('attnum') <= 0) continue;
      const attribute = decodeAttribute(reader, (bytes) => Buffer.from(bytes).toString('latin1'));
      attributes[attribute.number - 1] = attribute;
    }
  });
  for (const [oid, attributes] of byCatalog) {
    // A hole in the array would mean a damaged page.
    if (attributes.length === 0 || attributes.includes(undefined as never))
      throw new ForkpointError({
        what: `pg_attribute does not tell all columns of the catalog with OID ${oid}`,
        where: pgAttributePath,
        next: 'the file is damaged, or of another major version than pg_control says',
      });
  }
  return byCatalog;
}
