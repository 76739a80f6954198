/** `forkpoint preserve`: a copy of what was lost and of what is needed to read it, to be opened as OLD later. */
import { printable } from '../bytes/printable.js';
import type { IncidentRequest } from '../incident/model.js';
import { preserve } from '../preserve/preserve.js';
import { checkingCommand, openingCommand, outcomeText, progressText } from '../preserve/words.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { ProgressLine } from './reading.js';
import { endOnSignals } from './signals.js';

/** Runs the command. Throws ForkpointError; what was copied until then stays, and the same command goes on from there. */
export async function preserveLost(options: Arguments): Promise<ExitCode> {
  endOnSignals();
  const line = new ProgressLine();
  const say = (text: string) => process.stdout.write(`${printable(text)}\n`);
  try {
    const outcome = await preserve(options.request as IncidentRequest, options.output!, {
      onProgress: (progress) => line.show(() => progressText(progress)),
    });
    line.clear();
    const { directory, already, warnings } = outcome;
    if (directory === undefined) {
      say('Nothing was lost: the new primary has everything the old one had. Nothing was written.');
      return EXIT.done;
    }
    for (const warning of warnings) process.stderr.write(`forkpoint: ${printable(warning)}\n`);
    if (already) {
      say(`${directory} is ${outcomeText(outcome)}.`);
      return EXIT.done;
    }
    say(`${directory}: ${outcomeText(outcome)}.`);
    say(`Open it as OLD: ${openingCommand(directory, options.request.new ?? 'NEW')}`);
    say(`Check it at any time: ${checkingCommand(directory)}`);
    return warnings.length > 0 ? EXIT.incomplete : EXIT.done;
  } finally {
    line.clear();
  }
}
