/**
 * Learners that are never told the truth, on streams that drift: what learning gains, and what it costs.
 *
 *     npm run bench -- learning [--stream nslkdd] [--seeds 5] [--test FILE] [--columns 41] [--rounds 51] [--learners guarded,frozen]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AocResult, aocLearners, runAoc } from './learning/aoc.js';
import { readSplit, seeds, standIn } from './learning/aoc-split.js';
import { readKdd } from './learning/kdd-table.js';
import { tableOf } from './learning/tables.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { values } = parseArgs({
  options: {
    stream: { type: 'string', default: 'nslkdd' },
    seeds: { type: 'string', default: '5' },
    test: { type: 'string' },
    columns: { type: 'string', default: '41' },
    rounds: { type: 'string', default: '51' },
    learners: { type: 'string', default: aocLearners.join(',') },
    json: { type: 'string' },
  },
});
const data = process.env.NETLOOP_DATA ?? join(root, '..', 'shared', 'data');
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

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
  for (const seed of seeds.slice(0, Number(values.seeds))) {
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
}

await nslkdd();
