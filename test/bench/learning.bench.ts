/**
 * Learners that are never told the truth, on streams that drift: what learning gains, and what it costs.
 *
 *     npm run bench -- learning [--stream nslkdd|lab|iot23|ctu13|kdd99] [--seeds 5|1,3] [--half] [--set flow.replay=0] [--test FILE] [--columns 41] [--rounds 51] [--learners guarded,frozen] [--json FILE] [--out FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setPath } from '../../src/spec.js';
import { type AocResult, aocLearners, runAoc } from './learning/aoc.js';
import { readSplit, seeds, standIn } from './learning/aoc-split.js';
import { barsOf, barTable } from './learning/bars.js';
import { readKdd } from './learning/kdd-table.js';
import { renderPage } from './learning/page.js';
import { tableOf, walkTable, worstCycle } from './learning/tables.js';
import { type Policy, policyNames, runWalk, type WalkResult, walks } from './learning/walks.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { values } = parseArgs({
  options: {
    stream: { type: 'string', default: 'nslkdd' },
    seeds: { type: 'string', default: '5' },
    test: { type: 'string' },
    columns: { type: 'string', default: '41' },
    rounds: { type: 'string', default: '51' },
    learners: { type: 'string', default: aocLearners.join(',') },
    policies: { type: 'string', default: policyNames.join(',') },
    learner: { type: 'string', default: 'flow' },
    set: { type: 'string', multiple: true, default: [] },
    half: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    json: { type: 'string' },
    out: { type: 'string' },
  },
});
/** '5': the first five; '5010,5012': these. */
const wanted = Number(values.seeds) <= seeds.length ? seeds.slice(0, Number(values.seeds)) : values.seeds.split(',').map(Number);
const data = process.env.NETLOOP_DATA ?? join(root, '..', 'shared', 'data');
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** `--json FILE`: everything behind the table, round by round or cycle by cycle. */
const save = (results: unknown): void => {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
};

async function nslkdd(): Promise<void> {
  const columns = values.columns === '28' ? 28 : 41;
  const train = await readKdd(join(data, 'nsl-kdd', 'KDDTrain+.txt.xz'));
  const aside = values.test === undefined ? null : await readKdd(values.test);
  say(
    aside
      ? `AOC-IDS protocol on NSL-KDD, ${columns} columns; test: ${values.test}, ${aside.y.length} rows, scored once, thresholds fixed before`
      : `AOC-IDS protocol on NSL-KDD, ${columns} columns; stand-in test from KDDTrain+: whole attack types left out (--test FILE for another)`,
  );
  const results: AocResult[] = [];
  for (const seed of wanted) {
    const published = readSplit(data, seed);
    const split = aside
      ? { ...published, test: Int32Array.from({ length: aside.y.length }, (_, i) => i), unseen: [] }
      : standIn(train, published);
    for (const learner of values.learners.split(',')) {
      const result = await runAoc(learner, train, aside ?? train, split, {
        columns,
        rounds: Number(values.rounds),
        now: () => performance.now(),
      });
      results.push(result);
      const { test } = result;
      const percent = (x: number | null): string => (x === null ? '-' : (100 * x).toFixed(1));
      say(
        `seed ${seed} ${learner}: accuracy ${percent(test.accuracy)}, recall ${percent(test.recall)} (unseen types ${percent(result.unseenRecall)}), ` +
          `FPR ${percent(test.fpr)}, ${result.retrainings} retrainings, ${result.seconds.toFixed(0)} s`,
      );
    }
  }
  say();
  say(tableOf(results));
  save(results);
}

/** A stream with an order in time, as the workbench walks it. */
async function walk(stream: string): Promise<void> {
  const learner = values.learner === 'behaviour' ? 'behaviour' : 'flow';
  const results: WalkResult[] = [];
  const over = values.set.reduce((spec: Record<string, unknown>, pair) => {
    const [path = '', value = ''] = pair.split('=');
    return setPath(spec, path, JSON.parse(value));
  }, {});
  const chosen = values.seeds.includes(',')
    ? values.seeds.split(',').map(Number)
    : Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  for (const seed of chosen) {
    for (const policy of values.policies.split(',') as Policy[]) {
      const result = await runWalk(root, stream, policy, seed, { learner, half: values.half, over, now: () => performance.now() });
      results.push(result);
      const percent = (x: number | null | undefined): string => (x == null ? '-' : (100 * x).toFixed(1));
      say(
        `${stream} ${learner} seed ${seed} ${policy}: balanced accuracy ${percent(result.champion?.balancedAccuracy)}, frozen ${percent(result.frozen?.balancedAccuracy)}, ` +
          `worst cycle ${percent(worstCycle(result))}, ${result.seconds.toFixed(0)} s`,
      );
      if (!values.verbose) continue;
      for (const { record, champion, frozen } of result.cycles) {
        const { coverage, noise, benignNoise, bySource } = record.labels;
        say(
          `  cycle ${record.number}: ${percent(champion?.balancedAccuracy)} (frozen ${percent(frozen?.balancedAccuracy)}), coverage ${percent(coverage)}, ` +
            `noise ${percent(noise)}, benign ${percent(benignNoise)}, ${JSON.stringify(bySource)}, ${record.state}: ${record.reason}`,
        );
      }
    }
  }
  const tables = [walkTable(results), barTable(barsOf(results))];
  for (const table of tables) say(`\n${table}`);
  save(results);
  if (values.out === undefined) return;
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, `${stream}-${learner}.html`), renderPage(`${stream}, ${learner} learner`, tables, results));
}

if (values.stream === 'nslkdd') await nslkdd();
else if (Object.hasOwn(walks, values.stream)) await walk(values.stream);
else throw new Error(`unknown stream '${values.stream}': expected one of nslkdd, ${Object.keys(walks).join(', ')}`);
