/**
 * wal2json's format version 2, as wal2json 2.x writes it with include-xids, include-timestamp and include-lsn
 * (eulerto/wal2json): one object a line, keys in its order, numbers bare, NaN and infinities null, bytea without \x.
 * `identity` holds the whole old row where that is known, where wal2json has only the replica identity.
 */
import { formatLsn } from '../bytes/lsn.js';
import { formatTimestamp } from '../bytes/timestamp.js';
import type { ListedTransaction } from '../incident/model.js';
import {
  type Change,
  type ColumnValue,
  isUnknown,
  type Row,
  type RowChange,
  type Table,
  tableLabel,
} from '../rows/row-change.js';
import { isLargeObjectTable } from '../sql/large-object.js';
import type { Tally } from '../sql/tally.js';
import { TYPE } from '../sql/type-oids.js';
import type { BodyContext, FileContext, FormatWriter, TransactionWriter } from './format.js';

const NUMBERS: ReadonlySet<number> = new Set([
  TYPE.int2,
  TYPE.int4,
  TYPE.int8,
  TYPE.oid,
  TYPE.float4,
  TYPE.float8,
  TYPE.numeric,
]);

/** `2026-11-21 02:45:47.18+00`: timestamptz as PostgreSQL prints it in UTC, without trailing zeros. */
function timestampText(transaction: ListedTransaction): string {
  const text = formatTimestamp(transaction.commitTime).replace('T', ' ').slice(0, -1);
  return `${text.replace(/\.?0*$/, '')}+00`;
}

function valueJson(typeOid: number, value: string | null): string {
  if (value === null) return 'null';
  if (NUMBERS.has(typeOid)) return /^[0-9+\-eE.]+$/.test(value) ? value : 'null';
  if (typeOid === TYPE.bool) return value === 't' ? 'true' : 'false';
  if (typeOid === TYPE.bytea) return JSON.stringify(value.slice(2));
  return JSON.stringify(value);
}

/** Known columns of a row; what is not known is left out, as wal2json leaves an unchanged TOAST value out. */
function columnsJson(table: Table, row: Row, only?: readonly number[]): string {
  const columns: string[] = [];
  table.columns.forEach((column, index) => {
    const value: ColumnValue = row[index];
    if (isUnknown(value) || column.generated === 'v' || (only && !only.includes(index))) return;
    columns.push(
      `{"name":${JSON.stringify(column.name)},"type":${JSON.stringify(column.typeName)},"value":${valueJson(column.typeOid, value)}}`,
    );
  });
  return `[${columns.join(',')}]`;
}

function rowJson(head: string, change: RowChange): string {
  const { table, before, after } = change;
  const letter = { insert: 'I', update: 'U', delete: 'D', truncate: 'T' }[change.operation];
  let json = `{"action":"${letter}",${head},"lsn":"${formatLsn(change.lsn)}","schema":${JSON.stringify(table.schema)},"table":${JSON.stringify(table.name)}`;
  if (after) json += `,"columns":${columnsJson(table, after)}`;
  if (before) json += `,"identity":${columnsJson(table, before)}`;
  else if (change.operation === 'update' && after && table.identity.kind !== 'full-row') {
    // The key did not change: it is known from the new row.
    json += `,"identity":${columnsJson(table, after, table.identity.columns)}`;
  }
  return `${json}}\n`;
}

/** Writes transactions as wal2json's objects. */
export function wal2jsonTransactions({ inDoubtChosen }: BodyContext, tally: Tally): TransactionWriter {
  function* changeJson(head: string, change: Change): Generator<string> {
    switch (change.kind) {
      case 'row':
        if (change.problem !== undefined) {
          tally.leaveOut(`${change.operation} of ${tableLabel(change.table)}: ${change.problem}`);
          return;
        }
        if (isLargeObjectTable(change.table)) {
          tally.leaveOut(
            `${change.operation} of a page or an entry of a large object: logical decoding has none`,
          );
          return;
        }
        tally.statements++;
        yield rowJson(head, change);
        return;
      case 'undecodable':
        tally.leaveOut(`${change.operation} of ${change.relation}: ${change.problem}`);
        return;
      case 'message': {
        tally.statements++;
        const origin = change.transactional ? head : '"xid":null,"timestamp":null';
        const content = Buffer.from(change.content).toString('utf8').replace(/\0.*$/s, '');
        yield `{"action":"M",${origin},"lsn":"${formatLsn(change.lsn)}","transactional":${change.transactional},"prefix":${JSON.stringify(change.prefix)},"content":${JSON.stringify(content)}}\n`;
        return;
      }
      case 'catalog':
        tally.leaveOut(`DDL, which wal2json has no form for: ${change.description}`);
        return;
      case 'sequence':
        // Logical decoding does not know them.
        return;
    }
  }
  return {
    *transaction(transaction: ListedTransaction, changes) {
      if (transaction.state === 'prepared' && !inDoubtChosen) {
        const rows = transaction.inserts + transaction.updates + transaction.deletes + transaction.truncates;
        tally.leaveOut(
          `xid ${transaction.xid} is in doubt: prepared, neither committed nor rolled back`,
          Math.max(rows, 1),
        );
        return;
      }
      if (transaction.state === 'message') {
        for (const change of changes) yield* changeJson('', change);
        return;
      }
      // As with include-origin, where there is one.
      const origin = transaction.origin ? `,"origin":${transaction.origin.id}` : '';
      const head = `"xid":${transaction.xid},"timestamp":"${timestampText(transaction)}"${origin}`;
      const place = `"lsn":"${formatLsn(transaction.commitLsn)}","nextlsn":"${formatLsn(transaction.commitEndLsn)}"`;
      yield `{"action":"B",${head},${place}}\n`;
      for (const change of changes) yield* changeJson(head, change);
      yield `{"action":"C",${head},${place}}\n`;
    },
  };
}

/** Opens the wal2json format. */
export function writeWal2json(context: FileContext, tally: Tally): FormatWriter {
  return {
    *header() {},
    ...wal2jsonTransactions(context, tally),
    *footer() {},
  };
}
