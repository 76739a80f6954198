/** Constraints of tables and domains: pg_constraint. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import { type CatalogTableSpec, longText } from './spec.js';

/** A row of pg_constraint. */
export interface ConstraintRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** contype: 'c' check, 'f' foreign key, 'n' not null (18; domains 17), 'p' primary key, 'u' unique, 'x' exclusion, 't' trigger. */
  readonly kind: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly validated: boolean;
  /** conenforced (18 and later). */
  readonly enforced: boolean;
  /** conrelid */
  readonly relationOid: Oid;
  /** contypid: the domain. */
  readonly typeOid: Oid;
  /** conindid */
  readonly indexOid: Oid;
  /** conparentid (11 and later) */
  readonly parentOid: Oid;
  /** confrelid */
  readonly referencedOid: Oid;
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly match: string;
  readonly isLocal: boolean;
  readonly inheritCount: number;
  readonly noInherit: boolean;
  /** conperiod (18 and later): WITHOUT OVERLAPS, PERIOD. */
  readonly period: boolean;
  /** conkey */
  readonly columns: readonly number[];
  /** confkey */
  readonly referencedColumns: readonly number[];
  /** confdelsetcols (15 and later) */
  readonly deleteSetColumns: readonly number[];
  /** conexclop */
  readonly exclusionOperators: readonly Oid[];
  /** conbin: a node tree; undefined when there is none, or it is not stored in the row itself. */
  readonly expression: string | undefined;
}

/** Key column numbers of pgConstraint: by contypid, by oid. */
export const CONSTRAINT_BY_DOMAIN = 1;
export const CONSTRAINT_BY_OID = 2;

/** pg_constraint (catalog/pg_constraint.h), looked up by the table, or as CONSTRAINT_BY_DOMAIN or CONSTRAINT_BY_OID. */
export const pgConstraint: CatalogTableSpec<ConstraintRow> = {
  oid: CatalogOid.constraint,
  optional: true,
  keyColumns: ['conrelid', 'contypid', 'oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('conname')),
    namespaceOid: reader.oid('connamespace'),
    kind: reader.char('contype'),
    deferrable: reader.flag('condeferrable'),
    deferred: reader.flag('condeferred'),
    validated: reader.flag('convalidated'),
    enforced: !reader.has('conenforced') || reader.flag('conenforced'),
    relationOid: reader.oid('conrelid'),
    typeOid: reader.oid('contypid'),
    indexOid: reader.oid('conindid'),
    parentOid: reader.oid('conparentid'),
    referencedOid: reader.oid('confrelid'),
    onUpdate: reader.char('confupdtype'),
    onDelete: reader.char('confdeltype'),
    match: reader.char('confmatchtype'),
    isLocal: reader.flag('conislocal'),
    inheritCount: reader.number('coninhcount'),
    noInherit: reader.flag('connoinherit'),
    period: reader.flag('conperiod'),
    columns: reader.vector('conkey', 2),
    referencedColumns: reader.vector('confkey', 2),
    deleteSetColumns: reader.vector('confdelsetcols', 2),
    exclusionOperators: reader.vector('conexclop', 4),
    expression: longText(reader, 'conbin', text),
  }),
};
