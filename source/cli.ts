#!/usr/bin/env node
/** The front door: reads the arguments and opens the face they ask for. The full-screen program and the commands are loaded only when asked for. */
import { ForkpointError, whatAndWhere } from './bytes/errors.js';
import { printable } from './bytes/printable.js';
import { type Arguments, readArguments, UsageError } from './commands/arguments.js';
import { demoArguments } from './commands/demo.js';
import { EXIT, type ExitCode } from './commands/exit-code.js';
import { OutputClosedError } from './export/output.js';

async function run(options: Arguments): Promise<ExitCode> {
  if (options.command === 'app' || options.command === 'demo') {
    const { app } = await import('./commands/app.js');
    return app(options.command === 'demo' ? demoArguments(options) : options);
  }
  const commands = await import('./commands/scripted.js');
  switch (options.command) {
    case 'inspect':
      return commands.inspect(options);
    case 'list':
      return commands.list(options);
    case 'export':
      return commands.exportLost(options);
    case 'check':
      return commands.check(options);
    case 'preserve':
      return commands.preserveLost(options);
    case 'rewind':
      return commands.rewind(options);
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
