import { join } from 'node:path';
import { createPoolEngine } from '../../../src/engines/pool.js';
import { runTrials } from '../../../src/engines/trials.js';
import { loadSpec } from '../../../src/sources/spec-file.js';
import { planSweep, type Trial } from '../../../src/sweep.js';

/** Seconds that the trials take on so many workers, in a home of their own; their hashes prove that they are the same trials. */
async function timed(trials: readonly Trial[], workers: number, root: string, home: string): Promise<{ seconds: number; hashes: string }> {
  const command = [process.execPath, join(root, 'dist', 'cli', 'netloop.js')] as const;
  const engine = createPoolEngine({ command, workers, cwd: root, env: { ...process.env, NETLOOP_HOME: home } });
  const begun = performance.now();
  try {
    const results = await runTrials(trials, engine);
    const failed = results.find(({ report }) => report === null);
    if (failed) throw new Error(failed.failures.join('; '));
    return { seconds: (performance.now() - begun) / 1000, hashes: JSON.stringify(results.map(({ report }) => report!.hashes)) };
  } finally {
    await engine.close();
  }
}

/** Time of a sweep over the shipped lab on one worker and on two, halves of it in turn: 1 2, 2 1. */
export async function sweepTimes(
  root: string,
  scratch: string,
  n: number,
  tell: (line: string) => void,
): Promise<{ readonly one: number; readonly two: number; readonly same: boolean }> {
  const base = { ...loadSpec(join(root, 'experiments', 'lab.yaml')), publish: false };
  const seeds = Array.from({ length: n }, (_, i) => i + 1);
  const { trials } = planSweep({ ...base, sweep: { grid: { seed: seeds } } }, 'lab.yaml');
  const halves = [trials.slice(0, Math.ceil(n / 2)), trials.slice(Math.ceil(n / 2))].filter((half) => half.length > 0);
  const took = { 1: 0, 2: 0 };
  let same = true;
  for (const [i, half] of halves.entries()) {
    const hashes: string[] = [];
    for (const workers of i === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
      const { seconds, hashes: found } = await timed(half, workers, root, join(scratch, `sweep ${i} on ${workers}`));
      took[workers] += seconds;
      hashes.push(found);
      tell(`${half.length} trials on ${workers}: ${seconds.toFixed(1)} s`);
    }
    same &&= hashes[0] === hashes[1];
  }
  return { one: took[1], two: took[2], same };
}
