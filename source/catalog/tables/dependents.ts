/** What hangs off something else: triggers and rules off a relation, and pg_depend, which tells it of all objects. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import type { CatalogTableSpec } from './spec.js';

/** A row of pg_trigger or pg_rewrite: something that hangs off a relation and has a name. */
export interface AttachedRow {
  readonly oid: Oid;
  readonly name: string;
  readonly relationOid: Oid;
  /** tgisinternal: made for a constraint, not by anybody's word. */
  readonly internal: boolean;
}

/** pg_trigger (catalog/pg_trigger.h), looked up by the OID of the table. */
export const pgTrigger: CatalogTableSpec<AttachedRow> = {
  oid: CatalogOid.trigger,
  optional: true,
  keyColumns: ['tgrelid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('tgname')),
    relationOid: reader.oid('tgrelid'),
    internal: reader.flag('tgisinternal'),
  }),
};

/** pg_rewrite (catalog/pg_rewrite.h), looked up by the OID of the relation. */
export const pgRewrite: CatalogTableSpec<AttachedRow> = {
  oid: CatalogOid.rewrite,
  optional: true,
  keyColumns: ['ev_class'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('rulename')),
    relationOid: reader.oid('ev_class'),
    internal: false,
  }),
};

/** A row of pg_depend, as far as it tells who belongs to whom. */
export interface DependRow {
  readonly classOid: Oid;
  readonly objectOid: Oid;
  readonly subId: number;
  readonly referencedClassOid: Oid;
  readonly referencedOid: Oid;
  readonly referencedSubId: number;
  /** deptype: 'n' normal, 'a' auto, 'i' internal, 'e' extension … */
  readonly kind: string;
}

/** Key column number of pgDepend: by refobjid. */
export const DEPEND_BY_REFERENCED = 1;

/** pg_depend (catalog/pg_depend.h), looked up by the object that depends, or as DEPEND_BY_REFERENCED. */
export const pgDepend: CatalogTableSpec<DependRow> = {
  oid: CatalogOid.depend,
  optional: true,
  keyColumns: ['objid', 'refobjid'],
  decode: (reader) => ({
    classOid: reader.oid('classid'),
    objectOid: reader.oid('objid'),
    subId: reader.number('objsubid'),
    referencedClassOid: reader.oid('refclassid'),
    referencedOid: reader.oid('refobjid'),
    referencedSubId: reader.number('refobjsubid'),
    kind: reader.char('deptype'),
  }),
};
