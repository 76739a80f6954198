/** One change of a transaction as a block of lines: a before/after table by column, or a sentence and its text. */

import { formatCount } from '../bytes/count.js';
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { breakLines, fit, textWidth, wrapWords } from '../bytes/text-width.js';
import { formatBytes, plural } from '../incident/figures.js';
import type { ListedChange, RowVerdict } from '../incident/model.js';
import {
  type CatalogChange,
  type Change,
  type ColumnValue,
  isUnknown,
  type RowChange,
  tableLabel,
} from '../rows/row-change.js';
import { fitLine, type Line, type Span, spread } from './span.js';
import type { Style } from './theme.js';
import { VERDICT_LOOKS } from './verdicts.js';

/** How a block is to be drawn. */
export interface BlockOptions {
  readonly width: number;
  /** Position of the change in its transaction, from 0, and how many there are. */
  readonly index: number;
  readonly total: number;
  /** Long values whole, not only their first lines. */
  readonly whole: boolean;
  /** Text to point out, lower-cased; empty for none. */
  readonly needle: string;
  /** The search stands on this change. */
  readonly found: boolean;
}

/** Lines of a value shown when it is shortened. */
const SHORTENED_LINES = 3;
/** From here on there is room for a column's type. */
const TYPES_FROM = 120;

const OPERATION_STYLES: Readonly<Record<string, Style>> = {
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  truncate: 'loss',
};

/** The occurrences of `needle` (lower-cased) in `text` pointed out. */
export function highlight(text: string, style: Style, needle: string): Span[] {
  if (!needle) return [{ text, style }];
  const spans: Span[] = [];
  const lower = text.toLowerCase();
  // A few characters change their length in lower case; positions would be off, so nothing is pointed out.
  if (lower.length !== text.length) return [{ text, style }];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    if (at > from) spans.push({ text: text.slice(from, at), style });
    spans.push({ text: text.slice(at, at + needle.length), style: 'found' });
    from = at + needle.length;
  }
  if (from < text.length) spans.push({ text: text.slice(from), style });
  return spans;
}

/** A column's value as text for people, and how it is drawn. Unknown and NULL never look like a value. */
function valueText(value: ColumnValue | undefined): { text: string; style: Style } {
  if (value === undefined) return { text: '', style: 'plain' };
  if (value === null) return { text: '‹NULL›', style: 'unknown' };
  if (!isUnknown(value)) {
    return value === '' ? { text: '‹empty›', style: 'unknown' } : { text: value, style: 'plain' };
  }
  switch (value.unknown) {
    case 'unchanged':
      return { text: '‹unchanged TOAST›', style: 'unknown' };
    case 'not-logged':
      return { text: '‹not in WAL›', style: 'unknown' };
    case 'undecodable':
      return { text: `‹cannot be decoded${value.reason ? `: ${value.reason}` : ''}›`, style: 'error' };
  }
}

interface Cell {
  readonly lines: readonly string[];
  readonly style: Style;
}

/** A value in lines of `width` columns, shortened to a few unless `whole`. */
function cell(value: ColumnValue | undefined, width: number, whole: boolean): Cell {
  const { text, style } = valueText(value);
  if (whole) return { lines: breakLines(printable(text), width), style };
  // Only what can be shown is made printable: a value may be a gigabyte.
  const head = text.slice(0, width * (SHORTENED_LINES + 1));
  const lines = breakLines(printable(head), width);
  if (lines.length <= SHORTENED_LINES && head.length === text.length) return { lines, style };
  const kept = lines.slice(0, SHORTENED_LINES - 1);
  return {
    lines: [...kept, fit(`… ${formatBytes(Buffer.byteLength(text))} in all, w shows it`, width)],
    style,
  };
}

/** How a column of an update differs: `→` changed, `?` not known, blank the same. */
function difference(before: ColumnValue | undefined, after: ColumnValue | undefined): '→' | '?' | ' ' {
  if (after !== undefined && isUnknown(after) && after.unknown === 'unchanged') return ' ';
  if (before === undefined || after === undefined || isUnknown(before) || isUnknown(after)) return '?';
  return before === after ? ' ' : '→';
}

interface ValueColumn {
  readonly title: string;
  readonly row: readonly (ColumnValue | undefined)[] | undefined;
  /** Its differing values are pointed out. */
  readonly emphasised: boolean;
}

function valueColumns(change: RowChange, verdict: RowVerdict | undefined, width: number): ValueColumn[] {
  const columns: ValueColumn[] = [];
  const unknownRow = change.table.columns.map((): ColumnValue => ({ unknown: 'not-logged' }));
  if (change.operation !== 'insert')
    columns.push({ title: 'before', row: change.before ?? unknownRow, emphasised: false });
  if (change.operation !== 'delete')
    columns.push({ title: 'after', row: change.after ?? unknownRow, emphasised: true });
  if (verdict?.current && width >= TYPES_FROM) {
    columns.push({ title: 'new primary now', row: verdict.current, emphasised: false });
  }
  return columns;
}

function tableLines(change: RowChange, verdict: RowVerdict | undefined, options: BlockOptions): Line[] {
  const { width, needle } = options;
  const { columns, identity } = change.table;
  const names = columns.map((column, at) => {
    const key = identity.kind !== 'full-row' && identity.columns.includes(at) ? ' (key)' : '';
    return printable(column.name) + key;
  });
  const nameWidth = Math.min(Math.max(6, ...names.map(textWidth)), Math.max(12, Math.floor(width * 0.3)));
  const types = width >= TYPES_FROM ? columns.map((column) => printable(column.typeName)) : [];
  const typeWidth = types.length ? Math.min(26, Math.max(4, ...types.map(textWidth))) + 2 : 0;
  const values = valueColumns(change, verdict, width);
  const valueWidth = Math.floor((width - 4 - nameWidth - typeWidth - 2 * values.length) / values.length);
  const lines: Line[] = [
    [
      {
        text: `    ${fit('column', nameWidth)}${types.length ? fit('  type', typeWidth) : ''}`,
        style: 'muted',
      },
      ...values.map((column): Span => ({ text: `  ${fit(column.title, valueWidth)}`, style: 'muted' })),
    ],
  ];
  columns.forEach((_, at) => {
    const mark = change.operation === 'update' ? difference(change.before?.[at], change.after?.[at]) : ' ';
    const cells = values.map((column) => cell(column.row?.[at], valueWidth, options.whole));
    const height = Math.max(1, ...cells.map((one) => one.lines.length));
    for (let row = 0; row < height; row++) {
      const spans: Span[] = [
        { text: row === 0 ? `  ${mark} ` : '    ', style: mark === '→' ? 'changed' : 'muted' },
        { text: fit(row === 0 ? names[at] : '', nameWidth), style: mark === '→' ? 'changed' : 'plain' },
      ];
      if (types.length)
        spans.push({ text: fit(row === 0 ? `  ${types[at]}` : '', typeWidth), style: 'muted' });
      cells.forEach((one, number) => {
        const text = one.lines[row] ?? '';
        const style =
          mark === '→' && values[number].emphasised && one.style === 'plain' ? 'changed' : one.style;
        spans.push({ text: '  ' }, ...highlight(text, style, needle));
        spans.push({ text: ' '.repeat(Math.max(0, valueWidth - textWidth(text))) });
      });
      lines.push(fitLine(spans, width));
    }
  });
  return lines;
}

/**
 * The new primary's row where there is no room for it beside the others: the columns in which it differs from what this change would
 * leave (or, for a delete, from what it took away).
 */
function currentLines(change: RowChange, verdict: RowVerdict | undefined, options: BlockOptions): Line[] {
  const { width } = options;
  const current = verdict?.current;
  if (!current || width >= TYPES_FROM) return [];
  const [ours, name] = change.operation === 'delete' ? [change.before, 'before'] : [change.after, 'after'];
  const { columns } = change.table;
  const differing = columns.flatMap((_, at) => (difference(ours?.[at], current[at]) === ' ' ? [] : [at]));
  const heading = (text: string): Line => [{ text: `    new primary now: ${text}`, style: 'muted' }];
  if (differing.length === 0) return [heading(`the same as ${name}`)];
  const nameWidth = Math.min(
    Math.max(6, ...differing.map((at) => textWidth(printable(columns[at].name)))),
    Math.max(12, Math.floor(width * 0.3)),
  );
  const valueWidth = width - 8 - nameWidth;
  const rest = differing.length < columns.length ? `, all else the same as ${name}` : '';
  return [
    heading(
      `${formatCount(differing.length)} of ${plural(columns.length, 'column')} ${differing.length === 1 ? 'differs' : 'differ'}${rest}`,
    ),
    ...differing.flatMap((at) => {
      const value = cell(current[at], valueWidth, options.whole);
      return value.lines.map(
        (text, row): Line => [
          { text: `      ${fit(row === 0 ? printable(columns[at].name) : '', nameWidth)}  `, style: 'new' },
          ...highlight(text, value.style, options.needle),
        ],
      );
    }),
  ];
}

/** What a change is, in one line: `UPDATE public.orders`. */
function title(change: Change): { text: string; style: Style } {
  switch (change.kind) {
    case 'row': {
      const options = change.truncate
        ? `${change.truncate.restartIdentity ? ' RESTART IDENTITY' : ''}${change.truncate.cascade ? ' CASCADE' : ''}`
        : '';
      return {
        text: `${change.operation.toUpperCase()} ${printable(tableLabel(change.table))}${options}`,
        style: OPERATION_STYLES[change.operation],
      };
    }
    case 'undecodable':
      return { text: `${change.operation.toUpperCase()} ${printable(change.relation)}`, style: 'error' };
    case 'message':
      return {
        text: `MESSAGE ${printable(change.prefix)}${change.transactional ? '' : ' (not transactional)'}`,
        style: 'new',
      };
    case 'catalog':
      return { text: `DDL ${printable(change.description)}`, style: 'fork' };
    case 'sequence':
      return { text: `SEQUENCE ${printable(`${change.schema}.${change.name}`)}`, style: 'shared' };
  }
}

function proseLines(text: string, style: Style, width: number, indent = '    '): Line[] {
  return wrapWords(text, width - indent.length).map((part) => [{ text: indent }, { text: part, style }]);
}

function problemLines(problem: string, width: number): Line[] {
  return proseLines(`!! ${printable(problem)} This change is left out of exports.`, 'error', width, '  ');
}

function textLines(text: string, options: BlockOptions, style: Style = 'plain'): Line[] {
  const { lines } = cell(text, options.width - 4, options.whole);
  return lines.map((part) => [{ text: '    ' }, ...highlight(part, style, options.needle)]);
}

/** DDL as it was put back together, and what of it cannot be told. */
function definitionLines({ statement, reason, note }: CatalogChange, options: BlockOptions): Line[] {
  const { width } = options;
  const lines: Line[] = [];
  if (statement !== undefined) {
    lines.push(...proseLines('reconstructed from the catalog’s rows:', 'muted', width));
    lines.push(...textLines(`${statement};`, options));
  }
  if (reason !== undefined) {
    const what = statement === undefined ? 'cannot be told as a statement' : 'is not the whole';
    lines.push(...proseLines(`!! This ${what}: ${printable(reason)}.`, 'error', width, '  '));
  }
  if (note !== undefined) lines.push(...proseLines(printable(note), 'muted', width));
  return lines;
}

function bodyLines({ change, verdict }: ListedChange, options: BlockOptions): Line[] {
  switch (change.kind) {
    case 'row': {
      const lines: Line[] = change.problem ? problemLines(change.problem, options.width) : [];
      if (change.operation !== 'truncate') {
        lines.push(...tableLines(change, verdict, options), ...currentLines(change, verdict, options));
      }
      return lines;
    }
    case 'undecodable':
      return problemLines(change.problem, options.width);
    case 'message':
      return textLines(Buffer.from(change.content).toString('utf8'), options);
    case 'catalog':
      return definitionLines(change, options);
    case 'sequence':
      return proseLines(
        `advanced to ${printable(change.lastValue)}${change.isCalled ? '' : ', not yet called'}`,
        'plain',
        options.width,
      );
  }
}

/** The lines of one change, the last one empty: a heading with its place, its table, what is wrong with it. */
export function changeLines(listed: ListedChange, options: BlockOptions): Line[] {
  const { change, verdict } = listed;
  const { width, index, total } = options;
  const heading = title(change);
  const look = verdict && VERDICT_LOOKS[verdict.verdict];
  const place: Span[] = [
    { text: options.found ? '»' : ' ', style: 'mark' },
    { text: `${formatCount(index + 1)}/${formatCount(total)} `, style: 'muted' },
    ...highlight(heading.text, heading.style, options.needle),
  ];
  const right: Span[] = [
    { text: `  xid ${change.xid} ${formatLsn(change.lsn)}`, style: 'muted' },
    ...(look ? [{ text: ` ${look.glyph} ${look.word}`, style: look.style }] : []),
  ];
  const lines: Line[] = [spread(place, right, width)];
  if (verdict && look && verdict.reason && verdict.verdict !== 'clean') {
    lines.push(...proseLines(`${look.glyph} ${printable(verdict.reason)}`, look.style, width));
  }
  return [...lines, ...bodyLines(listed, options), []];
}
