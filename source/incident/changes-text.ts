/** The text of a row, as searches see it: bare words of the filter, `/` in the detail. */
import { type Change, isUnknown, type Row, tableLabel } from '../rows/row-change.js';

function rowText(row: Row | undefined): string {
  if (!row) return '';
  return row.map((value) => (value === null ? '' : isUnknown(value) ? '' : value)).join('\u0000');
}

/** Everything searchable of a change, lower-cased: table, old and new values, statement or message. */
export function searchableText(change: Change): string {
  switch (change.kind) {
    case 'row':
      return `${tableLabel(change.table)}\u0000${rowText(change.before)}\u0000${rowText(change.after)}`.toLowerCase();
    case 'undecodable':
      return `${change.relation}\u0000${change.problem}`.toLowerCase();
    case 'message':
      return `${change.prefix}\u0000${Buffer.from(change.content).toString('utf8')}`.toLowerCase();
    case 'catalog':
      return `${change.description}\u0000${change.statement ?? ''}\u0000${change.reason ?? ''}`.toLowerCase();
    case 'sequence':
      return `${change.schema}.${change.name}\u0000${change.lastValue}`.toLowerCase();
  }
}
