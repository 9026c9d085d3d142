import { expect } from 'vitest';
import type { TrialResult } from '../../src/engines/trials.js';
import type { ExperimentReport } from '../../src/experiment.js';
import type { TestHome } from '../cli/home.js';

/** A sweep of two trials over an engine gives the hashes of the same runs in one process, and is found again without the engine. */
export async function expectSameSweep(home: TestHome, ...engine: readonly string[]): Promise<void> {
  const file = home.file('grid.yaml', 'extends: small\nsweep: { grid: { sequence.length: [5, 10] } }\n');
  const over = await home.netloop('sweep', file, '--any-code', ...engine, '--json');
  expect(over.stderr).toBe('');
  const { results } = JSON.parse(over.stdout) as { results: TrialResult[] };
  expect(results.map((r) => r.status)).toEqual(['done', 'done']);
  for (const [i, length] of [5, 10].entries()) {
    const here = await home.netloop('run', home.spec, '--set', `sequence.length=${length}`, '--json');
    expect(results[i]!.report!.hashes).toEqual((JSON.parse(here.stdout) as ExperimentReport).hashes);
  }
  const again = JSON.parse((await home.netloop('sweep', file, '--any-code', '--json')).stdout) as { results: TrialResult[] };
  expect(again.results.map((r) => r.status)).toEqual(['found', 'found']);
}
