/** Values as SQL reads them back, to the same bits. */
import { safeTypeName } from '../bytes/identifiers.js';
import { type HiddenBytes, quoteLiteral } from '../bytes/string-literal.js';
import type { TableColumn } from '../rows/row-change.js';
import { TYPE } from './type-oids.js';

const WHOLE_NUMBER = /^-?(?:0|[1-9][0-9]{0,18})$/;
const DECIMAL_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/**
 * Writes values of a column where its type is known from the place (VALUES, SET): NULL, a bare integer or decimal, true or
 * false, or a literal that the column's own input function reads. Floats are quoted (a bare -0 would lose its sign),
 * and so is what is not a plain number (NaN, Infinity).
 */
export function valueWriter(
  { typeOid }: TableColumn,
  hidden?: HiddenBytes,
): (value: string | null) => string {
  switch (typeOid) {
    case TYPE.int2:
    case TYPE.int4:
    case TYPE.int8:
      return (value) =>
        value === null ? 'NULL' : WHOLE_NUMBER.test(value) ? value : quoteLiteral(value, hidden);
    case TYPE.numeric:
      return (value) =>
        value === null ? 'NULL' : DECIMAL_NUMBER.test(value) ? value : quoteLiteral(value, hidden);
    case TYPE.bool:
      return (value) =>
        value === null
          ? 'NULL'
          : value === 't'
            ? 'true'
            : value === 'f'
              ? 'false'
              : quoteLiteral(value, hidden);
    default:
      return (value) => (value === null ? 'NULL' : quoteLiteral(value, hidden));
  }
}

/** Writes values that carry their type with them, for comparisons: `'…'::uuid`; bare where a bare constant has a fitting type. */
export function typedWriter(column: TableColumn, hidden?: HiddenBytes): (value: string) => string {
  const write = valueWriter(column, hidden);
  const cast = `::${safeTypeName(column.typeName)}`;
  return (value) => {
    const literal = write(value);
    return literal.endsWith("'") ? literal + cast : literal;
  };
}
