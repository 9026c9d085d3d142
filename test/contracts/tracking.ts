import { describe, expect, it } from 'vitest';
import { IDEMPOTENCY_TAG, type Tracking } from '../../src/tracking.js';

/** What every tracking store must do, whatever holds the bytes. A server chooses the ids of runs itself. */
export function trackingContract(
  name: string,
  create: (now: () => number) => Tracking | Promise<Tracking>,
  { choosesIds = false }: { readonly choosesIds?: boolean } = {},
): void {
  describe(`${name} keeps the tracking contract`, () => {
    const open = async (): Promise<{ tracking: Tracking; tick(ms: number): void }> => {
      let time = 1_700_000_000_000;
      const tracking = await create(() => time);
      const tick = (ms: number): void => {
        time += ms;
      };
      return { tracking, tick };
    };
    const start = { experiment: 'lab', name: 'day1' } as const;
    const only = async (tracking: Tracking, id: string) => {
      const [run, ...others] = await tracking.runs({ id });
      expect(others).toEqual([]);
      return run!;
    };

    it('gives back what was started, logged and finished', async () => {
      const { tracking, tick } = await open();
      const id = await tracking.start({ ...start, tags: { cycle: '17' } });
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(await only(tracking, id)).toMatchObject({ status: 'RUNNING', startTime: 1_700_000_000_000, endTime: null });
      const capture = { name: 'lab/day1', sha256: 'ab'.repeat(32), source: 'datasets/lab/day1.pcap.xz', context: 'training' } as const;
      await tracking.log(id, {
        params: { 'sequence.length': '10', lr: '0.001' },
        metrics: [
          { key: 'loss', value: 0.9, step: 1 },
          { key: 'loss', value: 0.4, step: 2 },
        ],
        tags: { verdict: 'deployed', cycle: '18' },
        datasets: [capture],
      });
      tick(5000);
      await tracking.finish(id, 'FINISHED');
      expect(await only(tracking, id)).toMatchObject({
        ...start,
        id,
        status: 'FINISHED',
        endTime: 1_700_000_005_000,
        params: { 'sequence.length': '10', lr: '0.001' },
        metrics: { loss: 0.4 },
        tags: { verdict: 'deployed', cycle: '18', 'mlflow.runName': 'day1' },
        datasets: [capture],
      });
    });

    it('nests a run under its parent, and tells them apart', async () => {
      const { tracking, tick } = await open();
      const parent = await tracking.start(start);
      tick(1);
      const first = await tracking.start({ experiment: 'lab', name: 'cycle 1', parent });
      tick(1);
      const second = await tracking.start({ experiment: 'lab', name: 'cycle 2', parent });
      expect((await tracking.runs({ parent: null })).map((run) => run.id)).toEqual([parent]);
      expect((await tracking.runs({ parent })).map((run) => run.id)).toEqual([second, first]);
      expect((await only(tracking, first)).parent).toBe(parent);
      expect((await tracking.runs({ limit: 2 })).map((run) => run.id)).toEqual([second, first]);
    });

    it('keeps experiments apart', async () => {
      const { tracking } = await open();
      const lab = await tracking.start(start);
      await tracking.start({ ...start, experiment: 'ctu13' });
      expect((await tracking.runs({ experiment: 'lab' })).map((run) => run.id)).toEqual([lab]);
      expect(await tracking.runs({ experiment: 'none' })).toEqual([]);
    });

    it('gives the same run for the same idempotency key of the same experiment', async () => {
      const { tracking } = await open();
      const keyed = { ...start, tags: { [IDEMPOTENCY_TAG]: 'k1' } };
      const id = await tracking.start(keyed);
      expect(await tracking.start(keyed)).toBe(id);
      expect(await tracking.start({ ...keyed, experiment: 'other' })).not.toBe(id);
      expect(await tracking.start({ ...start, tags: { [IDEMPOTENCY_TAG]: 'k2' } })).not.toBe(id);
      expect(await tracking.runs()).toHaveLength(3);
    });

    it('takes an id of the caller, once', async () => {
      const { tracking } = await open();
      const id = 'ab'.repeat(16);
      const given = await tracking.start({ ...start, id });
      if (!choosesIds) expect(given).toBe(id);
      expect(await tracking.start({ ...start, id })).toBe(given);
      expect(await tracking.runs()).toHaveLength(1);
      await expect(tracking.start({ ...start, id: '../../etc' })).rejects.toMatchObject({ code: 'NL_OPTION' });
    });

    it('never changes a param, and then stores nothing of that entry', async () => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      await tracking.log(id, { params: { seed: '7' } });
      await tracking.log(id, { params: { seed: '7' } });
      const changed = tracking.log(id, {
        params: { lr: '1', seed: '8' },
        metrics: [{ key: 'loss', value: 1, step: 1 }],
        tags: { after: '1' },
      });
      await expect(changed).rejects.toMatchObject({ code: 'NL_OPTION' });
      await expect(changed).rejects.toThrow(/param seed .* is "7" and cannot become "8"/);
      const run = await only(tracking, id);
      expect(run.params).toEqual({ seed: '7' });
      expect(run.metrics).toEqual({});
      expect(run.tags.after).toBeUndefined();
    });

    it('shows the value of the latest step, whatever the order of logging', async () => {
      const { tracking, tick } = await open();
      const id = await tracking.start(start);
      await tracking.log(id, { metrics: [{ key: 'loss', value: 0.1, step: 5 }] });
      tick(10);
      await tracking.log(id, { metrics: [{ key: 'loss', value: 0.7, step: 2 }] });
      expect((await only(tracking, id)).metrics.loss).toBe(0.1);
      await tracking.log(id, { metrics: [{ key: 'loss', value: 0.3, step: 5 }] });
      expect((await only(tracking, id)).metrics.loss).toBe(0.3);
    });

    it('stores NaN as NaN and infinity as the largest double', async () => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      await tracking.log(id, {
        metrics: [
          { key: 'nan', value: Number.NaN, step: 0 },
          { key: 'up', value: Number.POSITIVE_INFINITY, step: 0 },
          { key: 'down', value: Number.NEGATIVE_INFINITY, step: 0 },
        ],
      });
      expect((await only(tracking, id)).metrics).toEqual({
        nan: Number.NaN,
        up: Number.MAX_VALUE,
        down: -Number.MAX_VALUE,
      });
    });

    it.each([
      ['', 'at least one character'],
      ['x'.repeat(251), 'at most 250 characters, got 251'],
      ['loss@x', 'letters, digits'],
      ['../x', 'plain relative path'],
      ['a//b', 'plain relative path'],
    ])('refuses the key %j', async (key, rule) => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      for (const entry of [{ params: { [key]: '1' } }, { tags: { [key]: '1' } }, { metrics: [{ key, value: 1, step: 0 }] }]) {
        const refused = tracking.log(id, entry);
        await expect(refused).rejects.toMatchObject({ code: 'NL_OPTION' });
        await expect(refused).rejects.toThrow(rule);
      }
      await tracking.log(id, { params: { ['x'.repeat(250)]: '1', 'a/b c:d-e.f_g': '2' } });
      expect(Object.keys((await only(tracking, id)).params)).toHaveLength(2);
    });

    it('cuts values at MLflow limits and says so', async () => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      await tracking.log(id, {
        params: { whole: 'p'.repeat(6000), cut: 'p'.repeat(6001) },
        tags: { whole: 't'.repeat(8000), cut: 't'.repeat(8001) },
      });
      const { params, tags } = await only(tracking, id);
      expect(params.whole).toBe('p'.repeat(6000));
      expect(tags.whole).toBe('t'.repeat(8000));
      expect(params.cut).toHaveLength(6000);
      expect(params.cut).toMatch(/… \(cut from 6001 characters\)$/);
      expect(tags.cut).toHaveLength(8000);
      expect(tags.cut).toMatch(/… \(cut from 8001 characters\)$/);
    });

    it('refuses steps that are not whole', async () => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      await expect(tracking.log(id, { metrics: [{ key: 'loss', value: 1, step: 0.5 }] })).rejects.toMatchObject({ code: 'NL_OPTION' });
    });

    it('knows no run that was never started', async () => {
      const { tracking } = await open();
      const nobody = 'f'.repeat(32);
      await expect(tracking.log(nobody, { tags: { a: '1' } })).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
      await expect(tracking.artifact(nobody, 'a.txt', 'x')).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
      await expect(tracking.finish(nobody, 'FINISHED')).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
      await expect(tracking.start({ ...start, parent: nobody })).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
      expect(await tracking.runs({ id: nobody })).toEqual([]);
    });

    it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a#b', 'a\\b', 'a//b'])('refuses the artifact path %j', async (path) => {
      const { tracking } = await open();
      const id = await tracking.start(start);
      await expect(tracking.artifact(id, path, 'x')).rejects.toMatchObject({ code: 'NL_OPTION' });
      await tracking.artifact(id, 'plots/loss curve.svg', '<svg/>');
    });
  });
}
