/** What preserving says of itself, in the same words on the command line and on the screen. Names are not made printable here. */
import { shellWord } from '../bytes/shell-word.js';
import { formatBytes, plural } from '../incident/figures.js';
import { withoutPassword } from '../server/connection.js';
import { SUMS } from './destination.js';
import type { Preserved, PreserveProgress } from './preserve.js';

/** `copying WAL: 3.2 MB of 16.0 MB`. */
export function progressText({ doing, done, total, unit }: PreserveProgress): string {
  const [reached, all] = unit === 'bytes' ? [formatBytes(done), formatBytes(total)] : [done, total];
  return doing === 'verifying' ? `verifying: ${reached} files` : `${doing}: ${reached} of ${all}`;
}

/** What was done, without the directory's name. */
export function outcomeText({ already, files, bytes, transactions }: Preserved): string {
  if (already) return `complete already: ${plural(files, 'file')}, each as its sum says`;
  return `${plural(files, 'file')}, ${formatBytes(bytes)}, all read back and compared; ${plural(transactions, 'lost transaction')}`;
}

/** The command that opens a copy as the old side. `fresh` is the new side as it was named; a password is left out. */
export function openingCommand(directory: string, fresh: string): string {
  return `forkpoint ${shellWord(directory)} ${shellWord(withoutPassword(fresh))}`;
}

/** The command that checks a copy without forkpoint. */
export function checkingCommand(directory: string): string {
  return `cd ${shellWord(directory)} && sha256sum -c ${SUMS}`;
}
