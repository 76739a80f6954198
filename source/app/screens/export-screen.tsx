import { Box, Text } from 'ink';
import { Table } from 'ink-table';
import type { ReactElement, ReactNode } from 'react';
import { formatCount } from '../../bytes/count.js';
import { printable } from '../../bytes/printable.js';
import { truncate, truncateMiddle, wrapWords } from '../../bytes/text-width.js';
import { formatBytes, plural } from '../../incident/figures.js';
import { fieldLine } from '../components/field-line.js';
import { LinesView } from '../components/lines-view.js';
import type { ExportController } from '../controllers/export.js';
import { EXPORT_FIELDS, EXPORT_FORMATS, type ExportField } from '../controllers/export-choices.js';
import type { Line, Span } from '../span.js';

/** Props of {@link ExportScreen}. */
export interface ExportScreenProps {
  readonly exporting: ExportController;
  readonly width: number;
  readonly height: number;
}

const LABELS: Readonly<Record<ExportField, string>> = {
  what: 'What',
  direction: 'Direction',
  format: 'Format',
  guard: 'Guard',
  ddl: 'DDL',
  partitions: 'Partitions',
  path: 'File',
  write: '',
};

function choice(options: readonly { readonly text: string; readonly chosen: boolean }[]): Span[] {
  return options.flatMap(({ text, chosen }) => [
    { text: `${chosen ? '(•)' : '( )'} ${text}   `, style: chosen ? 'title' : 'muted' } as Span,
  ]);
}

function checkbox(checked: boolean, text: string): Span[] {
  return [{ text: `[${checked ? 'x' : ' '}] `, style: checked ? 'title' : 'plain' }, { text }];
}

const SCOPE_TEXT = { marked: 'marked', shown: 'what the filter shows', all: 'all' } as const;

function valueSpans(exporting: ExportController, field: ExportField, width: number): Span[] {
  const unavailable = exporting.choices.unavailable(field);
  if (unavailable) return [{ text: unavailable, style: 'muted' }];
  switch (field) {
    case 'what':
      return choice(
        exporting.choices.scopes.map(({ scope, count }) => ({
          text: `${SCOPE_TEXT[scope]} (${formatCount(count)})`,
          chosen: scope === exporting.choices.scope,
        })),
      );
    case 'direction':
      return choice([
        { text: 'redo, for the new primary', chosen: !exporting.choices.undo },
        { text: 'undo, for the old', chosen: exporting.choices.undo },
      ]);
    case 'format':
      return choice(
        EXPORT_FORMATS.map((format) => ({ text: format, chosen: format === exporting.choices.format })),
      );
    case 'guard':
      return checkbox(exporting.choices.guard, 'a statement fails unless it meets the row it expects');
    case 'ddl':
      return checkbox(exporting.choices.ddl, 'write reconstructed DDL (else it is a comment)');
    case 'partitions':
      return checkbox(
        exporting.choices.partitionRoot,
        'write to the partitioned table (else to each partition itself)',
      );
    case 'path': {
      const text = truncateMiddle(printable(exporting.choices.path), width - 40);
      const several = exporting.choices.databases.length > 1 && exporting.choices.format === 'sql';
      return [
        { text, style: 'title' },
        {
          text: several
            ? `  directory, one file for each of ${exporting.choices.databases.length} databases`
            : '  Enter edits it',
          style: 'muted',
        },
      ];
    }
    case 'write':
      return exporting.writeProblem
        ? [{ text: `[ Write ]  ${exporting.writeProblem}`, style: 'muted' }]
        : [
            { text: '[ Write ]', style: 'key' },
            { text: '  mode 0600; asks before it replaces a file', style: 'muted' },
          ];
  }
}

function formLines(exporting: ExportController, width: number): Line[] {
  return EXPORT_FIELDS.map((field): Line => {
    const current = field === exporting.field;
    if (field === 'path' && exporting.editing) return fieldLine('▸ File      ', exporting.pathField, width);
    return [
      { text: current ? '▸ ' : '  ', style: 'key' },
      { text: LABELS[field].padEnd(11), style: current ? 'title' : 'muted' },
      ...valueSpans(exporting, field, width),
    ];
  });
}

function previewLines(exporting: ExportController): Line[] {
  if (exporting.previewProblem) return [[{ text: printable(exporting.previewProblem), style: 'error' }]];
  if (exporting.previewing && exporting.preview.length === 0) return [[{ text: '…', style: 'muted' }]];
  const lines = exporting.preview
    .slice(exporting.previewTop)
    .map((text): Line => [{ text: printable(text), style: text.startsWith('--') ? 'muted' : 'plain' }]);
  if (exporting.previewMore) lines.push([{ text: '… and so on', style: 'muted' }]);
  return lines;
}

function statusLines(exporting: ExportController, width: number): Line[] {
  if (exporting.state === 'writing') {
    const total = exporting.transactionsTotal;
    const share = total > 0 ? Math.min(1, exporting.transactionsDone / total) : 0;
    const barWidth = Math.max(10, Math.min(40, width - 50));
    const filled = Math.round(share * barWidth);
    return [
      [
        { text: '█'.repeat(filled) + '░'.repeat(barWidth - filled), style: 'new' },
        {
          text: ` ${formatCount(exporting.transactionsDone)} of ${plural(total, 'transaction')}, ${formatBytes(exporting.bytesWritten)} written`,
        },
      ],
    ];
  }
  if (exporting.state === 'failed' && exporting.problem) {
    return wrapWords(printable(exporting.problem), width - 2).map(
      (text, at): Line => [{ text: `${at === 0 ? '✗ ' : '  '}${text}`, style: 'error' }],
    );
  }
  return [];
}

function PlainCell({ children }: { readonly children?: ReactNode }): ReactElement {
  return <Text>{children}</Text>;
}

/** Figures of every file as a table; paths and hashes, which are long, stand under it in full. */
function FilesTable({
  exporting,
  width,
}: {
  readonly exporting: ExportController;
  readonly width: number;
}): ReactElement {
  const files = exporting.summary?.files ?? [];
  const data = files.map((file, at) => ({
    file: String(at + 1),
    // The table measures in UTF-16 units: anything else than ASCII would push its border.
    database: truncate((file.database ?? '').replace(/[^ -~]/g, '?'), Math.max(8, width - 60)),
    transactions: formatCount(file.transactions),
    statements: formatCount(file.statements),
    bytes: formatCount(file.bytes),
  }));
  return <Table data={data} cell={PlainCell} skeleton={PlainCell} header={PlainCell} />;
}

function DoneView({ exporting, width, height }: ExportScreenProps): ReactElement {
  const { summary } = exporting;
  const lost = (summary?.leftOut ?? 0) > 0;
  const files = summary?.files.length ?? 0;
  const headline: Line = [
    { text: lost ? '! Written, but incomplete: ' : '✓ Written: ', style: lost ? 'warning' : 'good' },
    {
      text: `${plural(summary?.transactions ?? 0, 'transaction')}, ${plural(summary?.statements ?? 0, 'statement')}, ${plural(files, 'file')}`,
      style: 'title',
    },
  ];
  const tableHeight = files > 1 && files <= 8 ? files * 2 + 3 : 0;
  const lines = exporting
    .summaryLines()
    .map((text): Line => [{ text, style: text.startsWith('!!') ? 'error' : 'plain' }]);
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      <LinesView lines={[headline, []]} width={width} height={2} />
      {tableHeight > 0 && (
        <Box height={tableHeight} flexShrink={0} overflow="hidden">
          <FilesTable exporting={exporting} width={width} />
        </Box>
      )}
      <LinesView lines={lines.slice(exporting.summaryTop)} width={width} height={height - 2 - tableHeight} />
    </Box>
  );
}

/** The export: a form, a preview of what it would write, and afterwards what was written. */
export function ExportScreen({ exporting, width, height }: ExportScreenProps): ReactElement {
  if (exporting.state === 'done') return <DoneView exporting={exporting} width={width} height={height} />;
  const status = statusLines(exporting, width);
  const lines: Line[] = [
    ...formLines(exporting, width),
    ...status,
    [{ text: `── preview, PgDn and PgUp scroll it ${'─'.repeat(width)}`.slice(0, width), style: 'muted' }],
    ...previewLines(exporting),
  ];
  return <LinesView lines={lines} width={width} height={height} />;
}
