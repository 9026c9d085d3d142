import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/random.js';
import { createSpooledTracking } from '../../src/stores/spool.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import type { Tracking } from '../../src/tracking.js';
import { testFolder } from './folder.js';

/** The store behind a bad line: a call may fail before it is done, or be done and its answer lost. */
function unreliable(store: Tracking, random: Random): Tracking {
  const line =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const luck = random.below(4);
      if (luck === 0) throw new Error('no connection');
      const answer = await call(...args);
      if (luck === 1) throw new Error('the answer was lost');
      return answer;
    };
  return { start: line(store.start), log: line(store.log), artifact: line(store.artifact), finish: line(store.finish), runs: store.runs };
}

const LENGTH = 60;

/** The same calls, in the same order, for the same seed; `reopen` may put another spool in place. */
async function work(seed: number, tracking: Tracking, tick: () => void, reopen: () => Promise<Tracking>): Promise<void> {
  const random = createRandom(seed);
  const runs: string[] = [];
  let open = tracking;
  for (let call = 0; call < LENGTH; call++) {
    tick();
    const run = runs[random.below(Math.max(1, runs.length))];
    const kind = random.below(12);
    if (run === undefined || kind === 0) {
      const id = random.fork(`run ${call}`).bits().toString(16).padStart(32, '0');
      runs.push(
        await open.start({ experiment: `e${random.below(2)}`, name: `run ${call}`, id, ...(run === undefined ? {} : { parent: run }) }),
      );
    } else if (kind === 1) await open.finish(run, random.below(2) === 0 ? 'FINISHED' : 'FAILED');
    else if (kind === 2) await open.artifact(run, `files/${random.below(3)}.txt`, `written by call ${call}`);
    else if (kind === 3) open = await reopen();
    else {
      await open.log(run, {
        metrics: Array.from({ length: random.below(4) }, () => ({
          key: `m${random.below(2)}`,
          value: random.next(),
          step: random.below(5),
        })),
        tags: { [`t${random.below(3)}`]: String(call) },
        params: { [`p${random.below(20)}`]: 'never changes' },
        datasets: random.below(3) === 0 ? [{ name: `d${random.below(2)}`, sha256: 'ab'.repeat(32), source: 's' }] : [],
      });
    }
  }
}

async function everything(store: EmbeddedTracking): Promise<unknown> {
  const runs = [...(await store.runs())].sort((a, b) => (a.id < b.id ? -1 : 1));
  return Promise.all(
    runs.map(async (run) => ({
      // The key that makes starting repeatable is the spool's own.
      ...{ ...run, tags: { ...run.tags, 'netloop.key': undefined } },
      history: await Promise.all(['m0', 'm1'].map((key) => store.history(run.id, key))),
      files: await Promise.all(
        (await store.artifacts(run.id)).map(async (path) => [path, Buffer.from(await store.readArtifact(run.id, path)).toString()]),
      ),
    })),
  );
}

describe('the spool over a line that loses calls and answers', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))(
    'ends in the very store that a good line would have made (seed %i)',
    async (seed) => {
      let time = 0;
      const tick = (): void => {
        time++;
      };
      const clock = { now: () => time, user: 'ada' };
      const good = createEmbeddedTracking(testFolder(), clock);
      await work(seed, good, tick, async () => good);

      time = 0;
      const dir = testFolder();
      const store = createEmbeddedTracking(join(dir, 'tracking'), clock);
      const luck = createRandom(seed + 1000);
      const spoolOf = () => createSpooledTracking(unreliable(store, luck), join(dir, 'spool'), { now: () => time, retry: 1 });
      let spool = spoolOf();
      await work(seed, spool, tick, async () => {
        await spool.close();
        spool = spoolOf();
        return spool;
      });
      for (let i = 0; i < 10_000 && !(await spool.drain()); i++);
      expect(spool.pending()).toBe(0);
      expect(await everything(store)).toEqual(await everything(good));
      await spool.close();
      store.close();
      good.close();
    },
  );
});
