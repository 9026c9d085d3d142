import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadSpec } from '../src/sources/spec-file.js';
import { resolveSpec } from '../src/spec.js';
import { experimentFileSchema, planSweep, splitSweep } from '../src/sweep.js';

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

  test.each(files)('%s names the schema for editors, then says which question it answers', (name) => {
    expect(readFileSync(join(dir, name), 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n# .{20,}\n/);
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

describe('the schema for editors', () => {
  const schema = z.fromJSONSchema(experimentFileSchema());
  const refusal = (text: string): string | null => schema.safeParse(parse(text)).error?.message ?? null;

  test('is the one that the spec gives (after a change of the spec: vitest run test/experiments.test.ts -u)', async () => {
    await expect(`${JSON.stringify(experimentFileSchema(), null, 2)}\n`).toMatchFileSnapshot(join(dir, 'schema.json'));
  });

  test.each(files)('takes %s', (name) => {
    expect(refusal(readFileSync(join(dir, name), 'utf8'))).toBeNull();
  });

  test('refuses what the spec refuses', () => {
    expect(refusal('sequence: { lenght: 10 }')).toMatch('lenght');
    expect(refusal('sequence: { length: 3 }')).toMatch('>=5');
    expect(refusal('source: { background: none }')).toMatch('benign');
    expect(refusal('flow: { every: { seconds: 60, flows: 5 } }')).toMatch('every');
    expect(refusal('sweep: { grid: { seed: 1 } }')).toMatch('expected array');
    expect(refusal('extends: [lab]')).toMatch('expected string');
  });

  test('lets a file that extends another leave out the files of its source', () => {
    expect(refusal('extends: lab\nsource: { sort: end }')).toBeNull();
  });
});
