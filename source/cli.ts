#!/usr/bin/env node
/** The front door: reads the arguments and opens the face they ask for. Each face is loaded only when it is needed. */
import { ForkpointError, whatAndWhere } from './bytes/errors.js';
import { printable } from './bytes/printable.js';
import { type Arguments, readArguments, UsageError } from './commands/arguments.js';
import { EXIT, type ExitCode } from './commands/exit-code.js';
import { OutputClosedError } from './export/output.js';

async function run(options: Arguments): Promise<ExitCode> {
  switch (options.command) {
    case 'inspect':
      return (await import('./commands/inspect.js')).inspect(options);
    case 'list':
      return (await import('./commands/list.js')).list(options);
    case 'export':
      return (await import('./commands/export.js')).exportLost(options);
    case 'check':
      return (await import('./commands/check.js')).check(options);
    case 'preserve':
      return (await import('./commands/preserve.js')).preserveLost(options);
    case 'rewind':
      return (await import('./commands/rewind.js')).rewind(options);
    case 'demo':
      return (await import('./commands/app.js')).app(
        (await import('./commands/demo.js')).demoArguments(options),
      );
    case 'app':
      return (await import('./commands/app.js')).app(options);
  }
}

/** Says what went wrong; a defect of forkpoint keeps its stack. */
async function complain(error: unknown, command: string | undefined): Promise<ExitCode> {
  if (error instanceof OutputClosedError) {
    // `forkpoint list | head` has what it wanted; an export that was cut short has not.
    if (command !== 'export') return EXIT.done;
    process.stderr.write(`forkpoint: ${error.message}\n`);
    return EXIT.failed;
  }
  if (error instanceof ForkpointError) {
    const { next } = error.complaint;
    process.stderr.write(`forkpoint: ${printable(whatAndWhere(error.complaint))}\n`);
    if (next) process.stderr.write(`  ${printable(next)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  const stack =
    error instanceof Error ? (await import('./source-stack.js')).sourceStack(error) : String(error);
  process.stderr.write(`forkpoint: this is a defect of forkpoint, please report it\n${stack}\n`);
  return EXIT.failed;
}

let options: Arguments | undefined;
process.title = 'forkpoint';
try {
  options = await readArguments(process.argv.slice(2), import.meta);
  process.exitCode = await run(options);
} catch (error) {
  process.exitCode = await complain(error, options?.command);
}
