/** Objects of which hardly more than the name is wanted: schemas, collations, extensions, access methods. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import { type CatalogTableSpec, hexadecimal, longText } from './spec.js';

/** A row of pg_authid or any other catalog of which the name alone is wanted. */
export interface NamedRow {
  readonly oid: Oid;
  readonly name: string;
}

/** A row of pg_namespace. */
export interface NamespaceRow extends NamedRow {
  /** nspowner */
  readonly ownerOid: Oid;
  /** nspacl in hexadecimal, '' when it is null. */
  readonly privileges: string;
}

/** pg_namespace (catalog/pg_namespace.h), looked up by OID. */
export const pgNamespace: CatalogTableSpec<NamespaceRow> = {
  oid: CatalogOid.namespace,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('nspname')),
    ownerOid: reader.oid('nspowner'),
    privileges: hexadecimal(reader, 'nspacl'),
  }),
};

/** A row of pg_collation. */
export interface CollationRow extends NamedRow {
  readonly namespaceOid: Oid;
}

/** pg_collation (catalog/pg_collation.h), looked up by OID. */
export const pgCollation: CatalogTableSpec<CollationRow> = {
  oid: CatalogOid.collation,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('collname')),
    namespaceOid: reader.oid('collnamespace'),
  }),
};

/** A row of pg_extension. */
export interface ExtensionRow extends NamedRow {
  /** extnamespace */
  readonly namespaceOid: Oid;
  readonly relocatable: boolean;
  readonly version: string;
}

/** pg_extension (catalog/pg_extension.h), looked up by OID. */
export const pgExtension: CatalogTableSpec<ExtensionRow> = {
  oid: CatalogOid.extension,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('extname')),
    namespaceOid: reader.oid('extnamespace'),
    relocatable: reader.flag('extrelocatable'),
    version: longText(reader, 'extversion', text) ?? '',
  }),
};

/** pg_am (catalog/pg_am.h), looked up by OID. */
export const pgAccessMethod: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.accessMethod,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('amname')) }),
};
