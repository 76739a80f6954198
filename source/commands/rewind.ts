/** `forkpoint rewind`: can pg_rewind turn OLD into a standby of NEW, what would be gone then, and the exact command. Runs nothing. */
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { shellWord } from '../bytes/shell-word.js';
import { plural } from '../incident/figures.js';
import type { IncidentRequest } from '../incident/model.js';
import { assessRewind, type RewindAssessment } from '../incident/rewind.js';
import { openSides } from '../incident/sides.js';
import { withoutPassword } from '../server/connection.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { type ReadIncident, withIncident } from './reading.js';
import { endOnSignals } from './signals.js';
import { StandardLines } from './standard-lines.js';

async function assess(request: IncidentRequest): Promise<RewindAssessment> {
  const sides = await openSides(request);
  try {
    return assessRewind(sides);
  } finally {
    sides.gathering.close();
    sides.spool.close();
    await sides.server?.close();
    await sides.against?.close();
  }
}

/** Runs the command. Throws ForkpointError. */
export async function rewind(options: Arguments): Promise<ExitCode> {
  endOnSignals();
  const assessment = await assess(options.request as IncidentRequest);
  return withIncident(options, false, (read) => tell(options, assessment, read));
}

function tell(options: Arguments, assessment: RewindAssessment, read: ReadIncident): ExitCode {
  const { verdict } = assessment;
  const lines = new StandardLines();
  if (options.json) lines.write(JSON.stringify(asJson(assessment, read)));
  else for (const line of asText(options, assessment, read)) lines.write(printable(line));
  lines.end();
  if (verdict === 'impossible') return EXIT.failed;
  return read.incomplete ? EXIT.incomplete : EXIT.done;
}

function asJson(assessment: RewindAssessment, { incident, incomplete }: ReadIncident): object {
  const { fork, old } = incident.overview();
  const { loss } = incident.progress();
  const { verdict, obstacles, notes, checkpoint, missingSegments, commands } = assessment;
  return {
    systemIdentifier: old.systemIdentifier,
    version: old.majorVersion,
    verdict,
    fork: { lsn: formatLsn(fork.lsn), timeline: fork.timeline },
    lastCommonCheckpoint: checkpoint && { lsn: formatLsn(checkpoint.lsn), timeline: checkpoint.timeline },
    obstacles,
    notes,
    missingSegments,
    commands,
    destroyed: {
      transactions: loss.transactions,
      inserts: loss.inserts,
      updates: loss.updates,
      deletes: loss.deletes,
      inDoubt: loss.inDoubt,
      complete: !incomplete,
    },
  };
}

const HEADLINES: Readonly<Record<RewindAssessment['verdict'], string>> = {
  possible: 'pg_rewind can turn the old primary into a standby of the new one.',
  'not needed': 'No rewind is required.',
  impossible: 'pg_rewind cannot rewind the old primary as things are.',
};

function* asText(
  options: Arguments,
  { verdict, obstacles, notes, checkpoint, commands }: RewindAssessment,
  { incident, missing }: ReadIncident,
): Generator<string> {
  const { fork } = incident.overview();
  const { loss } = incident.progress();
  yield HEADLINES[verdict];
  yield `  fork                    ${formatLsn(fork.lsn)} on timeline ${fork.timeline}`;
  if (checkpoint)
    yield `  last common checkpoint  ${formatLsn(checkpoint.lsn)} on timeline ${checkpoint.timeline}`;
  for (const each of obstacles) yield `In the way: ${each}`;
  for (const each of notes) yield `Note: ${each}`;
  for (const each of missing) yield `Incomplete: ${each}`;
  if (loss.transactions + loss.inDoubt > 0) {
    const rows = loss.inserts + loss.updates + loss.deletes;
    const doubt = loss.inDoubt > 0 ? ` and ${loss.inDoubt} in doubt` : '';
    const sides = [options.request.old ?? '', withoutPassword(options.request.new ?? '')]
      .map(shellWord)
      .join(' ');
    yield `WILL BE GONE: ${plural(loss.transactions, 'lost transaction')}${doubt} (${plural(rows, 'row change')}), which exist nowhere else. First:`;
    yield `  forkpoint export ${sides} --guard -o lost.sql`;
    yield `  forkpoint preserve ${sides} -o DIR`;
  }
  if (commands.length > 0) {
    yield 'Then, as the owner of the data directory (with --dry-run first, if you like):';
    for (const command of commands) yield `  ${command}`;
  }
}
