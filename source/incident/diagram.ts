/**
 * The picture of an incident: both timelines as a branching line, each side in a few lines, the loss in figures.
 * The same lines serve the TUI (with colour, by role), `inspect`, and whoever pastes them into a channel.
 */
import { printable } from '../bytes/printable.js';
import { wrapWords } from '../bytes/text-width.js';
import { branchLines } from './diagram-branch.js';
import { type DiagramLine, line, sideBySide, warningLines } from './diagram-line.js';
import { gapLines, lossLines } from './diagram-loss.js';
import { sideLines } from './diagram-side.js';
import type { IncidentOverview, LossFigures } from './model.js';

/** Columns from which the two sides stand next to each other. */
const TWO_COLUMNS_FROM = 140;

/**
 * The picture with its roles, in lines of at most `width` columns (80 and more; narrower is drawn for 60).
 * `loss` grows while WAL is read; the picture can be drawn at any time.
 */
export function forkDiagramSpans(
  overview: IncidentOverview,
  loss: LossFigures,
  width: number,
): DiagramLine[] {
  const columns = Math.max(60, width);
  const drawn = Math.min(columns, 160);
  const lines: DiagramLine[] = [
    [
      {
        text: `PostgreSQL ${overview.old.majorVersion} cluster ${overview.old.systemIdentifier}`,
        role: 'title',
      },
      { text: overview.fork.diverged || overview.fork.untold ? '' : ', nothing diverged', role: 'plain' },
    ],
    [],
    ...branchLines(overview, loss, drawn),
    [],
    ...lossLines(overview, loss, drawn),
    [],
    ...gapLines(overview.gaps, drawn),
  ];
  if (columns >= TWO_COLUMNS_FROM) {
    const half = Math.floor((columns - 2) / 2);
    lines.push(
      ...sideBySide(
        sideLines('OLD', 'old', overview.old, half),
        sideLines('NEW', 'new', overview.new, half),
        half,
      ),
    );
  } else {
    lines.push(...sideLines('OLD', 'old', overview.old, columns), []);
    lines.push(...sideLines('NEW', 'new', overview.new, columns));
  }
  const warnings = [
    ...(overview.swapped ? [`old and new look swapped: ${overview.swapped}`] : []),
    ...overview.warnings,
  ];
  if (warnings.length > 0) lines.push([]);
  for (const warning of warnings) lines.push(...warningLines(warning, columns));
  if (overview.fork.evidence.length > 0) {
    lines.push([], line('How the fork was found', 'title'));
    for (const sentence of overview.fork.evidence) {
      wrapWords(printable(sentence), columns - 2).forEach((text, at) => {
        lines.push(line(`${at === 0 ? '- ' : '  '}${text}`, 'muted'));
      });
    }
  }
  return lines;
}

/** The same as plain text, without trailing spaces: what `inspect` prints and what is pasted into a channel. */
export function forkDiagram(overview: IncidentOverview, loss: LossFigures, width: number): string[] {
  return forkDiagramSpans(overview, loss, width).map((spans) =>
    spans
      .map((span) => span.text)
      .join('')
      .trimEnd(),
  );
}
