/** The questions that the application asks before it does something: what each says, and what its answers are called. */
import { formatCount } from '../../bytes/count.js';
import { plural } from '../../incident/figures.js';
import type { SavedSession } from '../../incident/session.js';
import type { Confirmation } from './confirm.js';

/** A question of the application, and where its keys are (keymap). */
export type AppQuestion = Confirmation & { readonly context: 'confirm' | 'resume' };

/** A configured restore_command that is not run yet, with the file that has it. */
export interface RestoreCommand {
  readonly command: string;
  readonly where: string;
}

/** Asks something that nothing depends on when the answer is no. */
export function askPlainly(question: readonly string[], yes: () => void): AppQuestion {
  return { context: 'confirm', question, yesLabel: 'yes', noLabel: 'no', yes, no: () => {} };
}

/** Asks whether to leave the incident for others. */
export function askToLeave(yes: () => void): AppQuestion {
  return {
    ...askPlainly(
      ['Leave this incident and choose other sides?', 'Marks and place are kept. (q quits forkpoint.)'],
      yes,
    ),
    yesLabel: 'leave',
    noLabel: 'stay',
  };
}

/** Asks whether to take up what a session remembers. */
export function askToResume(saved: SavedSession, yes: () => void): AppQuestion {
  const when = new Date(saved.savedAt).toISOString().slice(0, 16).replace('T', ' ');
  return {
    context: 'resume',
    question: [
      'This incident was looked at before.',
      `${formatCount(saved.markedTransactions)} marked (${plural(saved.markedRows, 'row change')})${saved.filter ? `, filter ${saved.filter}` : ''}, ${when} UTC`,
    ],
    yesLabel: 'resume',
    noLabel: 'begin afresh',
    yes,
    no: () => {},
  };
}

/** Why quitting now needs to be asked about; undefined when it does not. */
export function quitQuestion(isWriting: boolean, isCopying: boolean): readonly string[] | undefined {
  if (isWriting) return ['An export is being written.', 'Quit and leave it unwritten?'];
  if (isCopying)
    return [
      'The old side is being preserved.',
      'Quit? What is whole stays; preserving there again goes on from it.',
    ];
  return undefined;
}

/** What is said before commands are run that a server's configuration holds. */
export function restoreQuestion(commands: readonly RestoreCommand[]): readonly string[] {
  return [
    ...commands.flatMap(({ command, where }) => [`${where} has this restore_command:`, '', command, '']),
    'Run it, by the shell and as you, for each segment that is missing? It gets a private temporary directory and a time limit.',
  ];
}
