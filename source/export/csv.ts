/**
 * A line per change, for spreadsheets and COPY: RFC 4180 (comma, CRLF, quotes doubled), with a header line. Rows are
 * JSON objects of column name to PostgreSQL's text form; values that are not known are absent there and named in
 * `note`. A name that a spreadsheet would take for a formula is preceded by an apostrophe.
 */

import { HIDDEN_CHARACTERS } from '../bytes/hidden-characters.js';
import { formatLsn } from '../bytes/lsn.js';
import { formatTimestamp } from '../bytes/timestamp.js';
import type { ListedTransaction } from '../incident/model.js';
import { type Change, isUnknown, type Row, type RowChange, type Table } from '../rows/row-change.js';
import type { Tally } from '../sql/tally.js';
import type { BodyContext, FileContext, FormatWriter, TransactionWriter } from './format.js';

const COLUMNS = 'lsn,xid,commit_time,state,database,schema,table,operation,before,after,note';

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name or sentence: not JSON, not ours, so it might begin like a formula. */
function strangerField(text: string): string {
  return field(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
}

function asciiEscapes(json: string): string {
  if (!HIDDEN_CHARACTERS.test(json)) return json;
  let escaped = '';
  for (const character of json) {
    if (!HIDDEN_CHARACTERS.test(character)) escaped += character;
    else
      for (let i = 0; i < character.length; i++)
        escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

function rowField(table: Table, row: Row | undefined): string {
  if (!row) return '';
  const pairs = table.columns.flatMap((column, index) => {
    const value = row[index];
    return isUnknown(value) ? [] : [`${JSON.stringify(column.name)}:${JSON.stringify(value)}`];
  });
  return field(asciiEscapes(`{${pairs.join(',')}}`));
}

function unknownNote(table: Table, row: Row | undefined, name: string): string[] {
  return (row ?? []).flatMap((value, index) =>
    isUnknown(value) ? [`${name} ${table.columns[index].name}: ${value.reason ?? value.unknown}`] : [],
  );
}

function rowFields(change: RowChange, tally: Tally): string[] {
  const { table, before, after, operation, problem } = change;
  const names = [table.schema, table.name].map(strangerField);
  if (problem !== undefined) {
    tally.leaveOut(`${operation} of ${table.schema}.${table.name}: ${problem}`);
    return [...names, operation, '', '', strangerField(problem)];
  }
  tally.statements++;
  const notes = [...unknownNote(table, before, 'before'), ...unknownNote(table, after, 'after')];
  return [
    ...names,
    operation,
    rowField(table, before),
    rowField(table, after),
    strangerField(notes.join('; ')),
  ];
}

/** schema, table, operation, before, after, note. */
function changeFields(change: Change, tally: Tally): string[] {
  switch (change.kind) {
    case 'row':
      return rowFields(change, tally);
    case 'undecodable':
      tally.leaveOut(`${change.operation} of ${change.relation}: ${change.problem}`);
      return ['', strangerField(change.relation), change.operation, '', '', strangerField(change.problem)];
    case 'message': {
      tally.statements++;
      const content = Buffer.from(change.content).toString('utf8');
      return [
        '',
        '',
        'message',
        '',
        field(asciiEscapes(JSON.stringify({ prefix: change.prefix, content }))),
        '',
      ];
    }
    case 'catalog':
      return [
        '',
        '',
        'ddl',
        '',
        '',
        strangerField([change.description, change.statement, change.reason].filter(Boolean).join(': ')),
      ];
    case 'sequence': {
      tally.statements++;
      const position = JSON.stringify({ last_value: change.lastValue, is_called: change.isCalled });
      return [strangerField(change.schema), strangerField(change.name), 'sequence', '', field(position), ''];
    }
  }
}

/** Writes transactions as lines of CSV. */
export function csvTransactions(_: BodyContext, tally: Tally): TransactionWriter {
  return {
    *transaction(transaction: ListedTransaction, changes) {
      const time = formatTimestamp(transaction.commitTime);
      const shared = [
        String(transaction.xid),
        time,
        transaction.state,
        strangerField(transaction.database),
      ].join(',');
      for (const change of changes) {
        yield `${formatLsn(change.lsn)},${shared},${changeFields(change, tally).join(',')}\r\n`;
      }
    },
  };
}

/** Opens the CSV format. */
export function writeCsv(context: FileContext, tally: Tally): FormatWriter {
  return {
    *header() {
      yield `${COLUMNS}\r\n`;
    },
    ...csvTransactions(context, tally),
    *footer() {},
  };
}
