// `npm run fuzz [-- --octets 1e8 --seed 1]`: hostile octets through decoder and flow tables, capture readers and record readers.
import { parseArgs } from 'node:util';
import { storm } from '../packets/mutate.js';
import { fileStorm, seedCaptures, seedRecords } from '../sources/storm.js';

const { values } = parseArgs({ options: { octets: { type: 'string', default: '1e8' }, seed: { type: 'string', default: '1' } } });
const aim = Number(values.octets);
const first = Number(values.seed);
if (!(aim > 0) || !Number.isSafeInteger(first)) {
  console.error('usage: npm run fuzz [-- --octets 1e8 --seed 1]');
  process.exit(2);
}

const totals = { packets: 0, captures: 0, records: 0 };
const outcomes = new Map<string, number>();
const count = (kind: string, found: ReadonlyMap<string, number>): void => {
  for (const [outcome, times] of found) outcomes.set(`${kind} ${outcome}`, (outcomes.get(`${kind} ${outcome}`) ?? 0) + times);
};
const start = performance.now();
for (let seed = first; totals.packets + totals.captures + totals.records < aim; seed++) {
  totals.packets += storm(100_000, seed);
  const captures = await fileStorm(3000, seed, seedCaptures(), 'capture');
  const records = await fileStorm(1000, seed, seedRecords(), 'record');
  totals.captures += captures.octets;
  totals.records += records.octets;
  count('capture', captures.outcomes);
  count('record', records.outcomes);
  const { rss } = process.memoryUsage();
  const spent = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `seed ${seed}: packets ${totals.packets}, captures ${totals.captures}, records ${totals.records} octets, ${Math.round(rss / 1e6)} MB, ${spent} s`,
  );
}
for (const [outcome, times] of [...outcomes].sort()) console.log(`${outcome}: ${times}`);
console.log(
  `${totals.packets + totals.captures + totals.records} octets mutated, no crash (Node ${process.versions.node}, seeds from ${first})`,
);
