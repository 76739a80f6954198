/** What expressions call: functions (pg_proc) and operators (pg_operator). */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import type { CatalogTableSpec } from './spec.js';

/** A row of pg_proc. */
export interface ProcedureRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** proargtypes */
  readonly argumentTypes: readonly Oid[];
  /** provolatile: 'i' immutable, 's' stable, 'v' volatile. */
  readonly volatility: string;
  /** prokind (11 and later), or what proisagg and proiswindow said: 'f' function, 'p' procedure, 'a' aggregate, 'w' window. */
  readonly kind: string;
  /** provariadic */
  readonly variadicOid: Oid;
}

/** pg_proc (catalog/pg_proc.h), looked up by OID. */
export const pgProc: CatalogTableSpec<ProcedureRow> = {
  oid: CatalogOid.procedure,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('proname')),
    namespaceOid: reader.oid('pronamespace'),
    argumentTypes: reader.vector('proargtypes', 4),
    volatility: reader.char('provolatile'),
    kind: reader.char('prokind') || (reader.flag('proisagg') ? 'a' : reader.flag('proiswindow') ? 'w' : 'f'),
    variadicOid: reader.oid('provariadic'),
  }),
};

/** A row of pg_operator. */
export interface OperatorRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  readonly leftOid: Oid;
  readonly rightOid: Oid;
}

/** pg_operator (catalog/pg_operator.h), looked up by OID. */
export const pgOperator: CatalogTableSpec<OperatorRow> = {
  oid: CatalogOid.operator,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('oprname')),
    namespaceOid: reader.oid('oprnamespace'),
    leftOid: reader.oid('oprleft'),
    rightOid: reader.oid('oprright'),
  }),
};
