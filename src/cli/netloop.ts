#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { guideOf, isNetloopError } from '../errors.js';
import { commands } from './commands.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('netloop')
  .description('Continuous learning in network intrusion detection: traffic in, a judged and promoted model out.')
  .version(version)
  .enablePositionalOptions() // `forget --version` is the command's own
  .showHelpAfterError('(netloop COMMAND --help shows examples)')
  .exitOverride();
// Only the command that is asked for is loaded: the whole house takes most of a second.
const asked = process.argv[2] ?? '';
const loaders = Object.hasOwn(commands, asked) ? [commands[asked as keyof typeof commands]] : new Set(Object.values(commands));
for (const load of loaders) (await load())(program);

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isNetloopError(error)) {
    process.stderr.write(`${error.code} ${error.message}\n(${guideOf(error.code)})\n`);
    return error.code === 'NL_OPTION' || error.code === 'NL_SPEC' ? 2 : 1;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('NL_CANCELLED stopped\n');
    return 1;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

// A reader that goes away (`| head`) is not a failure; a full disk behind standard output is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`NL_STORE_WRITE cannot write standard output (${error.code ?? error.message}): free space or write elsewhere\n`);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}
