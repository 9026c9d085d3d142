import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSpec } from '../src/sources/spec-file.js';
import { resolveSpec } from '../src/spec.js';
import { planSweep, splitSweep } from '../src/sweep.js';

const dir = join(import.meta.dirname, '..', 'experiments');
const files = readdirSync(dir).filter((name) => name.endsWith('.yaml'));

describe('shipped experiments', () => {
  test.each(files)('%s resolves, and every trial of its sweep', (name) => {
    const file = join(dir, name);
    const { base, sweep } = splitSweep(loadSpec(file));
    const spec = resolveSpec(base, name);
    expect(spec.name).toBe(name.replace('.yaml', ''));
    if (sweep === null) return;
    const { trials, repeated } = planSweep({ ...base, sweep }, name);
    expect(trials.length).toBeGreaterThan(1);
    expect(repeated).toBe(0);
  });

  test.each(files)('%s says in its first line which question it answers', (name) => {
    expect(readFileSync(join(dir, name), 'utf8')).toMatch(/^# .{20,}\n/);
  });

  test('only the main job changes what is live', () => {
    const publishing = files.filter((name) => resolveSpec(splitSweep(loadSpec(join(dir, name))).base).publish);
    expect(publishing).toEqual(['lab.yaml']);
  });

  test('what is set beyond the lab is what the file is about', () => {
    const spec = (name: string) => resolveSpec(splitSweep(loadSpec(join(dir, `${name}.yaml`))).base);
    expect(spec('preset-mass').flow).toMatchObject({
      every: { seconds: 3600 },
      minSamples: 500,
      maxHistory: 20_000,
      train: { batch: 128 },
    });
    expect(spec('preset-single').flow).toMatchObject({ every: { seconds: 7200 }, minSamples: 50, maxHistory: 5000, train: { batch: 16 } });
    expect(spec('drift-day1-day2').source).toEqual(spec('lab').source);
  });
});
