import type { Command } from 'commander';
import { importDataset, listDatasets, verifyDatasets } from '../sources/datasets.js';
import { prepareHome } from '../stores/home.js';
import { openHome } from './ports.js';
import { renderTable } from './table.js';

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

export function addDatasets(program: Command): void {
  const datasets = program
    .command('datasets')
    .description('public data sets: where they come from, their terms, and local copies')
    .addHelpText('after', '\nExamples:\n  netloop datasets list\n  netloop datasets import nsl-kdd ~/Downloads/KDDTrain+.txt');
  datasets
    .command('list')
    .description('every set that netloop reads')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  netloop datasets list')
    .action((options: { json?: boolean }) => {
      const all = listDatasets(openHome().state);
      if (options.json) return print(all);
      for (const set of all) {
        process.stdout.write(
          `${set.name}  ${set.title}\n  from   ${set.from}\n  terms  ${set.terms}\n  reads  ${set.form}\n  here   ${set.imported.length === 0 ? 'nothing imported' : set.imported.join(', ')}\n\n`,
        );
      }
    });
  datasets
    .command('import')
    .description('check a local copy against the known hash and keep it')
    .argument('<name>')
    .argument('<file>')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop datasets import nsl-kdd ~/Downloads/KDDTrain+.txt')
    .action(async (name: string, file: string, options: { json?: boolean }) => {
      const done = await importDataset(name, file, prepareHome(openHome()).state);
      if (options.json) return print(done);
      process.stdout.write(
        `${done.path}\nSHA-256 ${done.sha256}${done.known ? ', as catalogued' : ', not in the catalogue: recorded as it is'}\n`,
      );
    });
  datasets
    .command('verify')
    .description('imported copies against the hashes recorded when they came')
    .argument('[name]')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  netloop datasets verify')
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const found = await verifyDatasets(openHome().state, name);
      if (found.some((f) => f.state !== 'ok')) process.exitCode = 1;
      if (options.json) return print(found);
      if (found.length === 0) process.stdout.write('nothing imported: netloop datasets list\n');
      else
        process.stdout.write(
          `${renderTable(
            ['set', 'state', 'file'],
            found.map((f) => [f.dataset, f.state, f.path]),
          )}\n`,
        );
    });
}
