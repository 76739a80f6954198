/**
 * One row's change as people and SQL see it: which table, what the row was, what it became.
 * Plain objects, structured-cloneable: they cross from the worker that decodes to the face that shows.
 */
import type { Lsn } from '../bytes/lsn.js';

/** Why a column's value is not known. Shown as such, never guessed. */
export interface UnknownValue {
  /**
   * `unchanged`: a TOASTed value the update did not touch and this WAL does not hold; redo leaves the column alone.
   * `not-logged`: WAL carries no such column here (an old row of which only the key was logged).
   * `undecodable`: the bytes are there but cannot be put into text exactly; `reason` says why.
   */
  readonly unknown: 'unchanged' | 'not-logged' | 'undecodable';
  readonly reason?: string;
}

/** A column's value: PostgreSQL's own text form (as the type's output function gives it under ISO dates, UTC, hex bytea, extra_float_digits=1, IntervalStyle postgres), null for SQL NULL, or unknown. */
export type ColumnValue = string | null | UnknownValue;

/** True for a value that could not be known. */
export function isUnknown(value: ColumnValue): value is UnknownValue {
  return value !== null && typeof value === 'object';
}

/** One live (not dropped) column of a table as rows use it. */
export interface TableColumn {
  readonly name: string;
  /** Type as SQL writes it, schema-qualified and quoted where needed, typmod included: `character varying(20)`, `public.mood`. */
  readonly typeName: string;
  readonly typeOid: number;
  /** The type without array or domain around it prints as a bare number (int2, int4, int8, float4, float8, numeric, oid). */
  readonly numeric: boolean;
  readonly notNull: boolean;
  /** '' none, 's' stored, 'v' virtual: not to be inserted or updated. */
  readonly generated: '' | 's' | 'v';
  /** '' none, 'a' GENERATED ALWAYS AS IDENTITY (needs OVERRIDING SYSTEM VALUE), 'd' by default. */
  readonly identity: '' | 'a' | 'd';
}

/** How one row of a table is told from another. */
export interface RowIdentity {
  readonly kind: 'primary-key' | 'replica-identity-index' | 'unique-index' | 'full-row';
  /** Indexes into Table.columns. For `full-row`, every column that is stored. */
  readonly columns: readonly number[];
}

/** A table as of the moment its row was written. One object per version of the definition, shared by its rows. */
export interface Table {
  /** Distinct number of this definition within one opened cluster. */
  readonly id: number;
  readonly oid: number;
  readonly database: string;
  /** pg_enc number of the database's encoding; UTF8 when it is not said. */
  readonly encoding?: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly identity: RowIdentity;
  /** Every unique key: lists of indexes into columns (identity's included), partial and expression ones left out. */
  readonly uniqueKeys: readonly {
    readonly name: string;
    readonly columns: readonly number[];
    readonly nullsNotDistinct: boolean;
  }[];
  /**
   * Partial and expression unique indexes and exclusion constraints, with the columns they look at (undefined: any). What they say to a
   * row cannot be told from its values alone. Absent when there is none.
   */
  readonly conditionalKeys?: readonly {
    readonly name: string;
    readonly columns: readonly number[] | undefined;
  }[];
  /**
   * Of a partition: the table at the root of its tree, as one may write to it instead. Its columns stand in the order of the partition's, so
   * that the same rows fit; its identity is the root's own.
   */
  readonly root?: Table;
  /** Partitioned: its rows lie in other tables. */
  readonly partitioned?: boolean;
}

/** Values in the order of Table.columns. */
export type Row = readonly ColumnValue[];

export type RowOperation = 'insert' | 'update' | 'delete' | 'truncate';

/** One change of one row (or the truncation of one table). */
export interface RowChange {
  readonly kind: 'row';
  readonly operation: RowOperation;
  /** Where the record begins. */
  readonly lsn: Lsn;
  /** The (sub)transaction that wrote it. */
  readonly xid: number;
  readonly table: Table;
  /** The old row of an update or delete. Columns not known are UnknownValue; absent entirely when nothing is known. */
  readonly before?: Row;
  /** The new row of an insert or update. */
  readonly after?: Row;
  /** TRUNCATE's options. */
  readonly truncate?: { readonly cascade: boolean; readonly restartIdentity: boolean };
  /** When set, this change could not be decoded exactly: one sentence, with what would help. Its values must not be exported. */
  readonly problem?: string;
}

/** A change whose table or row could not be told at all. */
export interface UndecodableChange {
  readonly kind: 'undecodable';
  readonly operation: RowOperation;
  readonly lsn: Lsn;
  readonly xid: number;
  /** What is known of the table: its name, or `relation 1663/5/16403`. */
  readonly relation: string;
  readonly problem: string;
}

/** A logical message (pg_logical_emit_message). */
export interface LogicalMessage {
  readonly kind: 'message';
  readonly lsn: Lsn;
  readonly xid: number;
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: Uint8Array;
}

/** What a statement makes, takes away or alters, in plain words: to be looked for on another server. */
export interface DdlSubject {
  readonly effect: 'create' | 'drop' | 'alter';
  /** A relation (table, index, sequence, view), a column, a type or a schema. */
  readonly kind: 'relation' | 'column' | 'type' | 'schema' | 'other';
  readonly schema: string;
  readonly name: string;
  readonly column?: string;
  /** Where it is called something else afterwards. */
  readonly to?: { readonly schema: string; readonly name: string };
  /** Others of the same kind in the same statement. */
  readonly and?: readonly { readonly schema: string; readonly name: string }[];
}

/** What the transaction did to the catalog: one statement of DDL, reconstructed, or named where it cannot be told. */
export interface CatalogChange {
  readonly kind: 'catalog';
  readonly lsn: Lsn;
  readonly xid: number;
  /** For people: `creates table public.orders`. */
  readonly description: string;
  /** The statement, where the catalog's rows tell it exactly; always marked as reconstructed. */
  readonly statement?: string;
  /** The statement that takes it back exactly; absent where nothing does. */
  readonly undo?: string;
  /** Why there is no statement; or, beside one, what it does not repeat. One sentence without a full stop. */
  readonly reason?: string;
  /** What there is to know beside a statement. */
  readonly note?: string;
  readonly subject?: DdlSubject;
  /** Name of the database, '' when it was in none. */
  readonly database?: string;
  /** Not to be run within a transaction block. */
  readonly alone?: boolean;
}

/** A sequence's position after this transaction's advance (XLOG_SEQ_LOG). */
export interface SequenceChange {
  readonly kind: 'sequence';
  readonly lsn: Lsn;
  readonly xid: number;
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

export type Change = RowChange | UndecodableChange | LogicalMessage | CatalogChange | SequenceChange;

/** `schema.name`, without quoting: how lists and JSON name a table. */
export function tableLabel(table: Pick<Table, 'schema' | 'name'>): string {
  return `${table.schema}.${table.name}`;
}
