/** `forkpoint preserve`: a copy of what was lost and of what is needed to read it, to be opened as OLD later. */
import { printable } from '../bytes/printable.js';
import { shellWord } from '../bytes/shell-word.js';
import { formatBytes, plural } from '../incident/figures.js';
import type { IncidentRequest } from '../incident/model.js';
import { SUMS } from '../preserve/destination.js';
import { type PreserveProgress, preserve } from '../preserve/preserve.js';
import { withoutPassword } from '../server/connection.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { ProgressLine } from './reading.js';
import { endOnSignals } from './signals.js';

function progressText({ doing, done, total, unit }: PreserveProgress): string {
  const [reached, all] = unit === 'bytes' ? [formatBytes(done), formatBytes(total)] : [done, total];
  return doing === 'verifying' ? `verifying: ${reached} files` : `${doing}: ${reached} of ${all}`;
}

/** Runs the command. Throws ForkpointError; what was copied until then stays, and the same command goes on from there. */
export async function preserveLost(options: Arguments): Promise<ExitCode> {
  endOnSignals();
  const line = new ProgressLine();
  const say = (text: string) => process.stdout.write(`${printable(text)}\n`);
  try {
    const outcome = await preserve(options.request as IncidentRequest, options.output!, (progress) =>
      line.show(() => progressText(progress)),
    );
    line.clear();
    const { directory, already, files, bytes, transactions, warnings } = outcome;
    if (directory === undefined) {
      say('Nothing was lost: the new primary has everything the old one had. Nothing was written.');
      return EXIT.done;
    }
    for (const warning of warnings) process.stderr.write(`forkpoint: ${printable(warning)}\n`);
    if (already) {
      say(`${directory} is complete already: ${plural(files, 'file')}, each as its sum says.`);
      return EXIT.done;
    }
    say(
      `${directory}: ${plural(files, 'file')}, ${formatBytes(bytes)}, all read back and compared; ${plural(transactions, 'lost transaction')}.`,
    );
    say(
      `Open it as OLD: forkpoint ${shellWord(directory)} ${shellWord(withoutPassword(options.request.new ?? 'NEW'))}`,
    );
    say(`Check it at any time: cd ${shellWord(directory)} && sha256sum -c ${SUMS}`);
    return warnings.length > 0 ? EXIT.incomplete : EXIT.done;
  } finally {
    line.clear();
  }
}
