/** The catalogs that all databases of a cluster share, in global/: databases, tablespaces, roles, replication origins. */
import { CatalogOid } from '../bootstrap.js';
import type { DatabaseDefinition, Oid } from '../model.js';
import type { NamedRow } from './named.js';
import { type CatalogTableSpec, longText } from './spec.js';

/** A row of pg_database. */
export interface DatabaseRow {
  readonly definition: DatabaseDefinition;
  /** dattablespace */
  readonly tablespaceOid: Oid;
}

/** pg_database (catalog/pg_database.h), looked up by OID. */
export const pgDatabase: CatalogTableSpec<DatabaseRow> = {
  oid: CatalogOid.database,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    definition: {
      oid: reader.oid('oid'),
      name: text(reader.name('datname')),
      encoding: reader.number('encoding'),
    },
    tablespaceOid: reader.oid('dattablespace'),
  }),
};

/** pg_tablespace (catalog/pg_tablespace.h), looked up by OID. */
export const pgTablespace: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.tablespace,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('spcname')) }),
};

/** pg_authid (catalog/pg_authid.h), looked up by OID. */
export const pgAuthid: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.authid,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('rolname')) }),
};

/** Keyed by roident, which is no oid but is stored like one. */
export const pgReplicationOrigin: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.replicationOrigin,
  keyColumns: ['roident'],
  optional: true,
  decode: (reader, text) => ({ oid: reader.oid('roident'), name: longText(reader, 'roname', text) ?? '' }),
};
