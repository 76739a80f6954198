/** Values as SQL reads them back, to the same bits. */
import { safeTypeName } from '../bytes/identifiers.js';
import { type HiddenBytes, quoteLiteral } from '../bytes/string-literal.js';
import type { TableColumn } from '../rows/row-change.js';
import { TYPE } from './type-oids.js';

const WHOLE_NUMBER = /^-?(?:0|[1-9][0-9]{0,18})$/;
const DECIMAL_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/** How values of a column are written as literals: said once, for whoever writes strings and for whoever writes bytes. */
export interface Literal {
  /** Of `whole`, `decimal` and `boolean`, what is no plain number, and neither `t` nor `f`, is quoted like all others. */
  readonly form: 'whole' | 'decimal' | 'boolean' | 'quoted';
  /** What follows a quoted one: `::uuid`, or nothing where the place tells the type. */
  readonly cast: string;
  /** Of a database that is not UTF-8. */
  readonly hidden: HiddenBytes | undefined;
}

const FORMS: ReadonlyMap<number, Literal['form']> = new Map([
  [TYPE.int2, 'whole'],
  [TYPE.int4, 'whole'],
  [TYPE.int8, 'whole'],
  [TYPE.numeric, 'decimal'],
  [TYPE.bool, 'boolean'],
]);

/**
 * Values of a column where its type is known from the place (VALUES, SET): a bare integer or decimal, true or false, or a literal that the
 * column's own input function reads. Floats are quoted (a bare -0 would lose its sign), and so is what is not a plain number (NaN,
 * Infinity).
 */
export function valueLiteral({ typeOid }: Pick<TableColumn, 'typeOid'>, hidden?: HiddenBytes): Literal {
  return { form: FORMS.get(typeOid) ?? 'quoted', cast: '', hidden };
}

/** Values that carry their type with them, for comparisons: `'…'::uuid`; bare where a bare constant has a fitting type. */
export function typedLiteral(column: TableColumn, hidden?: HiddenBytes): Literal {
  return { ...valueLiteral(column, hidden), cast: `::${safeTypeName(column.typeName)}` };
}

/** A value as a literal. */
export function literalText(literal: Literal, value: string): string {
  switch (literal.form) {
    case 'whole':
      if (WHOLE_NUMBER.test(value)) return value;
      break;
    case 'decimal':
      if (DECIMAL_NUMBER.test(value)) return value;
      break;
    case 'boolean':
      if (value === 't') return 'true';
      if (value === 'f') return 'false';
  }
  return quoteLiteral(value, literal.hidden) + literal.cast;
}

/** A value or NULL. */
export function valueText(literal: Literal, value: string | null): string {
  return value === null ? 'NULL' : literalText(literal, value);
}
