/** Indexes: pg_index, and the operator classes that they are made with. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import { type CatalogTableSpec, longText } from './spec.js';

/** A row of pg_index. */
export interface IndexRow {
  /** indexrelid */
  readonly oid: Oid;
  /** indrelid */
  readonly relationOid: Oid;
  /** indisexclusion */
  readonly exclusion: boolean;
  /** indisclustered */
  readonly clustered: boolean;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly immediate: boolean;
  readonly valid: boolean;
  readonly replicaIdentity: boolean;
  /** indpred is not null. */
  readonly partial: boolean;
  readonly nullsNotDistinct: boolean;
  /** indkey, without the columns that are merely INCLUDEd. */
  readonly columns: readonly number[];
  /** The rest of indkey. */
  readonly includedColumns: readonly number[];
  /** indcollation, indclass and indoption, one for each of `columns`. */
  readonly collations: readonly Oid[];
  readonly operatorClasses: readonly Oid[];
  readonly orderings: readonly number[];
  /** indexprs and indpred: node trees; undefined when there are none, or they are not stored in the row itself. */
  readonly expressions: string | undefined;
  readonly predicate: string | undefined;
}

/** Key column number of pgIndex: by indexrelid. */
export const INDEX_BY_OID = 1;

/** pg_index (catalog/pg_index.h), looked up by the table, or as INDEX_BY_OID. */
export const pgIndex: CatalogTableSpec<IndexRow> = {
  oid: CatalogOid.index,
  keyColumns: ['indrelid', 'indexrelid'],
  decode: (reader, text) => {
    const keyCount = reader.number(reader.has('indnkeyatts') ? 'indnkeyatts' : 'indnatts');
    return {
      oid: reader.oid('indexrelid'),
      relationOid: reader.oid('indrelid'),
      exclusion: reader.flag('indisexclusion'),
      clustered: reader.flag('indisclustered'),
      unique: reader.flag('indisunique'),
      primary: reader.flag('indisprimary'),
      immediate: reader.flag('indimmediate'),
      valid: reader.flag('indisvalid'),
      replicaIdentity: reader.flag('indisreplident'),
      partial: !reader.isNull('indpred'),
      nullsNotDistinct: reader.flag('indnullsnotdistinct'),
      columns: reader.vector('indkey', 2).slice(0, keyCount),
      includedColumns: reader.vector('indkey', 2).slice(keyCount),
      collations: reader.vector('indcollation', 4),
      operatorClasses: reader.vector('indclass', 4),
      orderings: reader.vector('indoption', 2),
      expressions: longText(reader, 'indexprs', text),
      predicate: longText(reader, 'indpred', text),
    };
  },
};

/** A row of pg_opclass. */
export interface OperatorClassRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  readonly accessMethodOid: Oid;
  /** opcintype */
  readonly inputOid: Oid;
  /** opcdefault */
  readonly isDefault: boolean;
}

/** Key column number of pgOperatorClass: by opcmethod. */
export const OPERATOR_CLASS_BY_METHOD = 1;

/** pg_opclass (catalog/pg_opclass.h), looked up by OID, or as OPERATOR_CLASS_BY_METHOD. */
export const pgOperatorClass: CatalogTableSpec<OperatorClassRow> = {
  oid: CatalogOid.operatorClass,
  optional: true,
  keyColumns: ['oid', 'opcmethod'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('opcname')),
    namespaceOid: reader.oid('opcnamespace'),
    accessMethodOid: reader.oid('opcmethod'),
    inputOid: reader.oid('opcintype'),
    isDefault: reader.flag('opcdefault'),
  }),
};
