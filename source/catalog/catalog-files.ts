/** The files of a database that hold its catalogs and their TOAST: what has to be copied so that its tables are known. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { linePointerCount, tupleAt } from '../heap/page.js';
import { CatalogOid, FIRST_NORMAL_OID } from './bootstrap.js';
import { readFileNodeMap } from './filenode-map.js';
import { readCatalogLayouts } from './layouts.js';
import type { Oid } from './model.js';
import { RelationFile } from './relation-file.js';
import { TupleReader } from './tuple-reader.js';

/** Catalogs that grow with the data and define nothing: pg_largeobject, pg_statistic, pg_statistic_ext_data (catalog/pg_*.h). */
const NOT_DEFINITIONS: ReadonlySet<Oid> = new Set([2613, 2619, 3429]);

/** relkinds with rows: table, TOAST table. */
const ROW_KINDS: ReadonlySet<string> = new Set(['r', 't']);

/**
 * Names of the files in a database's directory, further segments included, that its catalogs are in, were in or are being moved into:
 * every version of pg_class on disk is asked, dead ones too. Throws ForkpointError when the map or pg_attribute cannot be read.
 */
export function catalogFiles(directory: string, majorVersion: number, pageSize: number): string[] {
  const map = readFileNodeMap(path.join(directory, 'pg_filenode.map'));
  const attributes = path.join(directory, String(map.get(CatalogOid.attribute)));
  const reader = new TupleReader(
    readCatalogLayouts(attributes, majorVersion, pageSize).get(CatalogOid.class) ?? [],
  );
  const nodes = new Set<number>();
  const classes = path.join(directory, String(map.get(CatalogOid.class)));
  RelationFile.find(classes, pageSize)?.eachPage((page) => {
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (!place || !reader.look(page, place.start, place.length)) continue;
      const oid = reader.oid('oid');
      if (oid >= FIRST_NORMAL_OID || NOT_DEFINITIONS.has(oid) || !ROW_KINDS.has(reader.char('relkind')))
        continue;
      nodes.add(reader.oid('relfilenode') || (map.get(oid) ?? 0));
      // Until a rewrite that the WAL may hold, it was in the file that initdb made.
      nodes.add(oid);
    }
  });
  return readdirSync(directory).filter((name) => {
    const node = /^(\d+)(\.\d+)?$/.exec(name)?.[1];
    return node !== undefined && nodes.has(Number(node));
  });
}
