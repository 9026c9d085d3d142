#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { isNetloopError } from '../errors.js';
import { addBundle } from './bundle.js';
import { addCompare } from './compare.js';
import { addDatasets } from './datasets.js';
import { addDetect } from './detect.js';
import { addDoctor } from './doctor.js';
import { addDrill } from './drill.js';
import { addFlows } from './flows.js';
import { addForget } from './forget.js';
import { addLab } from './lab.js';
import { addLabel } from './label.js';
import { addMlflow } from './mlflow.js';
import { addModels } from './models.js';
import { addNotebook } from './notebook.js';
import { addPush } from './push.js';
import { addRerun } from './rerun.js';
import { addRun } from './run.js';
import { addRuns } from './runs.js';
import { addSequences } from './sequences.js';
import { addServe } from './serve.js';
import { addStart } from './start.js';
import { addSweep } from './sweep.js';
import { addSweepWorker } from './sweep-worker.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('netloop')
  .description('Continuous learning in network intrusion detection: traffic in, a judged and promoted model out.')
  .version(version)
  .enablePositionalOptions() // `forget --version` is the command's own
  .showHelpAfterError('(netloop COMMAND --help shows examples)')
  .exitOverride();
for (const add of [
  addStart,
  addServe,
  addFlows,
  addDetect,
  addSequences,
  addRun,
  addRuns,
  addRerun,
  addCompare,
  addSweep,
  addSweepWorker,
  addDrill,
  addModels,
  addLabel,
  addForget,
  addPush,
  addBundle,
  addMlflow,
  addNotebook,
  addDatasets,
  addLab,
  addDoctor,
])
  add(program);

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isNetloopError(error)) {
    process.stderr.write(`${error.code} ${error.message}\n`);
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
