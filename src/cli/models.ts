import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { addModelFiles } from './model-files.js';
import { modelName } from './model-name.js';
import { openRegistry } from './ports.js';
import { addPromotions } from './promotions.js';
import { addShadow } from './shadow.js';
import { renderTable } from './table.js';

const brief = ({ model, encoder, ...rest }: ModelVersion) => ({
  ...rest,
  architecture: model.architecture,
  sha256: model.sha256,
  encoder: encoder.schema,
});
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description('versions of the two learners: list, show, shadow, promote, roll back, what was live when, import, export')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop models list\n  netloop models show flow\n  netloop models rollback flow --why "too many false alarms"',
    );
  models
    .command('list')
    .description('every version, the champion marked')
    .argument('[name]', 'behaviour or flow')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  netloop models list behaviour')
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const { registry, close } = openRegistry();
      try {
        const names: ModelName[] = name ? [modelName(name)] : ['behaviour', 'flow'];
        const rows: { version: ModelVersion; champion: boolean }[] = [];
        for (const n of names) {
          const champion = await registry.current(n);
          for (const version of await registry.list(n)) rows.push({ version, champion: version.version === champion?.version });
        }
        if (options.json) return print(rows.map((r) => ({ ...brief(r.version), champion: r.champion })));
        if (rows.length === 0) process.stdout.write('no models yet: npm start, or netloop run experiments/lab.yaml\n');
        else {
          const table = rows.map(({ version: v, champion }) => [
            v.name,
            String(v.version),
            champion ? 'champion' : '',
            v.parent === null ? '–' : String(v.parent),
            v.metrics.golden_balancedAccuracy === undefined ? '–' : v.metrics.golden_balancedAccuracy.toFixed(4),
            v.model.sha256.slice(0, 12),
            v.note,
          ]);
          process.stdout.write(`${renderTable(['name', 'version', 'live', 'parent', 'golden bal.acc', 'weights', 'note'], table)}\n`);
        }
      } finally {
        await close();
      }
    });
  models
    .command('show')
    .description('one version, whole')
    .argument('<name>')
    .argument('[version]', 'a number; default: the champion')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop models show flow 3')
    .action(async (name: string, version: string | undefined, options: { json?: boolean }) => {
      const { registry, close } = openRegistry();
      try {
        const all = await registry.list(modelName(name));
        const found = version === undefined ? await registry.current(modelName(name)) : all.find((v) => v.version === Number(version));
        if (!found)
          throw new NetloopError('NL_MODEL_UNKNOWN', `no version ${version ?? 'champion'} of ${name}: netloop models list ${name}`);
        process.stdout.write(`${JSON.stringify(brief(found), null, options.json ? 0 : 2)}\n`);
      } finally {
        await close();
      }
    });
  addPromotions(models);
  addShadow(models);
  addModelFiles(models);
}
