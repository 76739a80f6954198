/** The command line, understood: which command, on what, with which options. */
import type { Result } from 'meow';
import { ForkpointError } from '../bytes/errors.js';
import { parseLsn } from '../bytes/lsn.js';
import { checkExportRequest } from '../export/request.js';
import { parseFilter } from '../incident/filter.js';
import type { ExportFormat, IncidentRequest } from '../incident/model.js';
import { isServerUrl } from '../server/connection.js';
import { forkpointVersion } from '../version.js';

/** Options of one kind: how many values they take, and the commands they mean something for. */
interface Option {
  readonly type: 'string' | 'boolean';
  readonly isMultiple?: boolean;
  readonly shortFlag?: 'o';
  readonly commands: readonly string[];
}

const READING = ['app', 'inspect', 'list', 'export', 'check', 'preserve', 'rewind'];

const OPTIONS = {
  oldWal: { type: 'string', isMultiple: true, commands: READING },
  newWal: { type: 'string', isMultiple: true, commands: READING },
  restoreCommand: { type: 'string', commands: READING },
  runRestoreCommand: { type: 'boolean', commands: READING },
  restoreTimeout: { type: 'string', commands: READING },
  fork: { type: 'string', commands: READING },
  tempDir: { type: 'string', commands: READING.concat('demo') },
  tempLimit: { type: 'string', commands: READING.concat('demo') },
  maxMemory: { type: 'string', commands: READING.concat('demo') },
  jobs: { type: 'string', commands: ['app', 'demo', 'export'] },
  json: { type: 'boolean', commands: ['inspect', 'list', 'check', 'rewind'] },
  filter: { type: 'string', commands: ['list', 'export', 'check'] },
  against: { type: 'string', commands: ['check'] },
  dryRun: { type: 'boolean', commands: ['check'] },
  output: { type: 'string', shortFlag: 'o', commands: ['export', 'preserve'] },
  overwrite: { type: 'boolean', commands: ['export'] },
  format: { type: 'string', commands: ['export'] },
  undo: { type: 'boolean', commands: ['export'] },
  guard: { type: 'boolean', commands: ['export'] },
  ddl: { type: 'boolean', commands: ['export'] },
  partitionRoot: { type: 'boolean', commands: ['export'] },
} as const satisfies Record<string, Option>;

type OptionName = keyof typeof OPTIONS;

const COMMANDS = ['inspect', 'list', 'export', 'check', 'preserve', 'rewind', 'demo'] as const;

/** The command, or `app` when only directories were named. */
export type CommandName = (typeof COMMANDS)[number] | 'app';

/** Everything the command line said. */
export interface Arguments {
  readonly command: CommandName;
  readonly version: string;
  /** OLD and NEW with their WAL; only `app` and `demo` may miss either. */
  readonly request: Partial<IncidentRequest>;
  readonly json: boolean;
  readonly filter: string | undefined;
  readonly output: string | undefined;
  readonly overwrite: boolean;
  readonly format: ExportFormat;
  readonly undo: boolean;
  readonly guard: boolean;
  readonly ddl: boolean;
  readonly partitionRoot: boolean;
  readonly dryRun: boolean;
}

/** The command line cannot be understood: exit code 2. */
export class UsageError extends ForkpointError {}

function usage(what: string, next = 'see forkpoint --help'): UsageError {
  return new UsageError({ what, next });
}

function dashed(name: string): string {
  return name.length === 1
    ? `-${name}`
    : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Ties each value to its option before meow sees them, since `--filter -x` means a value that begins with a dash, and complains in a sentence of
 * what meow would throw a bare error for, or let pass. Throws UsageError.
 */
function tieValues(argv: readonly string[]): string[] {
  const names = new Map<string, string>();
  for (const [name, { shortFlag }] of Object.entries<Option>(OPTIONS)) {
    names.set(dashed(name), name);
    if (shortFlag) names.set(`-${shortFlag}`, name);
  }
  const given = new Set<string>();
  const tied: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at];
    if (word === '--') return tied.concat(argv.slice(at));
    const equals = word.indexOf('=');
    const name = names.get(equals < 0 ? word : word.slice(0, equals));
    if (name === undefined) {
      tied.push(word);
      continue;
    }
    const option: Option = OPTIONS[name as OptionName];
    if (given.has(name) && !option.isMultiple && option.type === 'string')
      throw usage(`${dashed(name)} is given twice`);
    given.add(name);
    if (option.type === 'boolean') {
      if (equals >= 0) throw usage(`${dashed(name)} takes no value`);
      tied.push(word);
    } else if (equals >= 0) tied.push(`${dashed(name)}${word.slice(equals)}`);
    else if (at + 1 >= argv.length) throw usage(`${word} needs a value`);
    else tied.push(`${dashed(name)}=${argv[++at]}`);
  }
  return tied;
}

const FORMATS: readonly ExportFormat[] = ['sql', 'wal2json', 'csv', 'report'];

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** A size in bytes, as PostgreSQL's settings are written: `500MB`, `2GB`; undefined when the option is not there. */
function sizeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,12})\s*(|kB|MB|GB|TB)$/i.exec(text);
  if (!match) throw usage(`${option} ${text} is no size`, 'write it like 500MB or 2GB');
  return Number(match[1]) * UNITS[match[2].toUpperCase()];
}

/** Threads at most. */
const MOST_JOBS = 64;

/** How many threads decode rows; undefined where nobody says. */
function jobsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (jobs < 1 || jobs > MOST_JOBS)
    throw usage(`--jobs ${text} is no number of threads`, `write a number from 1 to ${MOST_JOBS}`);
  return jobs;
}

function formatOf(text: string | undefined): ExportFormat {
  const format = FORMATS.find((one) => one === (text ?? 'sql'));
  if (!format) throw usage(`there is no format "${text}"`, `formats are ${FORMATS.join(', ')}`);
  return format;
}

function splitCommand(input: readonly string[]): { command: CommandName; operands: readonly string[] } {
  const command = COMMANDS.find((name) => name === input[0]);
  return command ? { command, operands: input.slice(1) } : { command: 'app', operands: input };
}

function checkOperands(command: CommandName, operands: readonly string[]): void {
  const [least, most] = {
    app: [0, 2],
    demo: [0, 0],
    inspect: [2, 2],
    list: [2, 2],
    export: [2, 2],
    check: [2, 2],
    preserve: [2, 2],
    rewind: [2, 2],
  }[command];
  if (operands.length > most) {
    const next = command === 'app' ? `commands are ${COMMANDS.join(', ')}; see forkpoint --help` : undefined;
    throw usage(
      `what is "${operands[most]}"? ${command === 'demo' ? 'demo takes no directory' : 'there is one OLD and one NEW'}`,
      next,
    );
  }
  if (operands.length < least) {
    const missing =
      operands.length === 0 ? 'the old primary (OLD) and the new one (NEW) are' : 'the new primary (NEW) is';
    throw usage(`${missing} missing`, `forkpoint ${command} OLD NEW`);
  }
}

/** The server that `check` asks: named, or the new primary itself when it is one. */
function serverToAsk(against: string | undefined, fresh: string): string {
  const url = against ?? (isServerUrl(fresh) ? fresh : undefined);
  if (url === undefined)
    throw usage('check asks the running new primary', 'name it with --against postgres://…');
  if (!isServerUrl(url))
    throw usage(`--against ${url} is no server`, 'write it as postgres://user@host/database');
  return url;
}

/** What the language and the export find wrong with the options is wrong usage too. */
function checkMeaning(options: Arguments): void {
  try {
    parseFilter(options.filter ?? '');
    checkExportRequest(options);
  } catch (error) {
    throw error instanceof ForkpointError ? new UsageError(error.complaint) : error;
  }
}

/**
 * The words that are no options, and the options. The parser takes longer to load than most commands to begin: where there is no option,
 * or only the question for the version, it stays unloaded.
 */
async function parse(
  argv: readonly string[],
  importMeta: ImportMeta,
): Promise<{ readonly input: readonly string[]; readonly flags: Partial<Result<typeof OPTIONS>['flags']> }> {
  if (!argv.some((word) => word.startsWith('-'))) return { input: argv, flags: {} };
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`${forkpointVersion()}\n`);
    process.exit(0);
  }
  const [{ default: meow }, { HELP }] = await Promise.all([import('meow'), import('./help.js')]);
  return meow(HELP, { importMeta, argv: tieValues(argv), description: false, flags: OPTIONS });
}

/**
 * Reads the command line (without node and script). `--help` and `--version` print and end the process with 0.
 * Throws UsageError.
 */
export async function readArguments(argv: readonly string[], importMeta: ImportMeta): Promise<Arguments> {
  const cli = await parse(argv, importMeta);
  const { command, operands } = splitCommand(cli.input.map(String));
  const flags = cli.flags as Record<string, unknown>;
  for (const [name, value] of Object.entries(flags)) {
    const option: Option | undefined = OPTIONS[name as OptionName];
    if (!option) throw usage(`there is no option ${dashed(name)}`);
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    if (given && !option.commands.includes(command)) {
      throw usage(
        `${dashed(name)} means nothing for ${command === 'app' ? 'the full-screen program' : command}`,
      );
    }
  }
  checkOperands(command, operands);
  if (command === 'preserve' && (cli.flags.output ?? '-') === '-')
    throw usage('preserve needs a directory to copy to', 'forkpoint preserve OLD NEW -o DIR');
  const fork = cli.flags.fork === undefined ? undefined : parseLsn(cli.flags.fork);
  if (cli.flags.fork !== undefined && fork === undefined) {
    throw usage(`--fork ${cli.flags.fork} is no LSN`, 'write it like 0/A016F40');
  }
  const { oldWal, newWal, restoreCommand, runRestoreCommand, tempDir, tempLimit } = cli.flags;
  const restoreTimeout =
    cli.flags.restoreTimeout === undefined ? undefined : Number(cli.flags.restoreTimeout);
  if (restoreTimeout !== undefined && !(restoreTimeout > 0 && restoreTimeout <= 86_400)) {
    throw usage(`--restore-timeout ${cli.flags.restoreTimeout} is no number of seconds`, 'write it like 300');
  }
  if (restoreCommand !== undefined && !restoreCommand.includes('%f')) {
    throw usage(
      `--restore-command ${restoreCommand} asks for no file`,
      'write %f where the name of the segment belongs, and %p where it is to be put',
    );
  }
  const against = command === 'check' ? serverToAsk(cli.flags.against, operands[1]) : undefined;
  const options: Arguments = {
    command,
    version: forkpointVersion(),
    request: {
      old: operands[0],
      new: operands[1],
      oldWal,
      newWal,
      restoreCommand,
      runRestoreCommand,
      restoreTimeout,
      fork,
      tempDir,
      tempLimit: sizeOf('--temp-limit', tempLimit),
      maxMemory: sizeOf('--max-memory', cli.flags.maxMemory),
      against,
      jobs: jobsOf(cli.flags.jobs),
    },
    json: cli.flags.json ?? false,
    filter: cli.flags.filter,
    output: cli.flags.output,
    overwrite: cli.flags.overwrite ?? false,
    format: formatOf(cli.flags.format),
    undo: cli.flags.undo ?? false,
    guard: cli.flags.guard ?? false,
    ddl: cli.flags.ddl ?? false,
    partitionRoot: cli.flags.partitionRoot ?? false,
    dryRun: cli.flags.dryRun ?? false,
  };
  checkMeaning(options);
  return options;
}
