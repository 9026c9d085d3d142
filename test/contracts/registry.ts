import { describe, expect, it } from 'vitest';
import type { Registry } from '../../src/registry.js';
import { draftVersion } from './version.js';

/** What every model registry must do, whatever holds the bytes. */
export function registryContract(name: string, create: (now: () => number) => Registry): void {
  describe(`${name} keeps the registry contract`, () => {
    const open = (): Registry => create(() => Date.UTC(2026, 0, 2, 3, 4, 5));

    it('gives versions the numbers 1, 2, 3 … for each model on its own, and gives them back whole', async () => {
      const registry = open();
      const first = await registry.put(draftVersion('behaviour', 1));
      const second = await registry.put(draftVersion('behaviour', 2, 1));
      const other = await registry.put(draftVersion('flow', 3));
      expect([first.version, second.version, other.version]).toEqual([1, 2, 1]);
      expect(second).toEqual({ ...draftVersion('behaviour', 2, 1), version: 2 });
      expect(await registry.list('behaviour')).toEqual([first, second]);
      expect(await registry.list('flow')).toEqual([other]);
    });

    it('keeps metrics that are no finite numbers', async () => {
      const registry = open();
      const metrics = { auc: Number.NaN, loss: Number.POSITIVE_INFINITY };
      await registry.put({ ...draftVersion('flow', 1), metrics });
      expect((await registry.list('flow'))[0]!.metrics).toEqual(metrics);
    });

    it('has no champion until one is promoted; putting promotes nothing', async () => {
      const registry = open();
      expect(await registry.current('flow')).toBeNull();
      expect(await registry.list('flow')).toEqual([]);
      await registry.put(draftVersion('flow', 1));
      expect(await registry.current('flow')).toBeNull();
    });

    it('promotes, and says from what to what, when and why', async () => {
      const registry = open();
      await registry.put(draftVersion('flow', 1));
      await registry.put(draftVersion('flow', 2, 1));
      expect(await registry.promote('flow', 1, 'first')).toMatchObject({
        at: '2026-01-02T03:04:05.000Z',
        name: 'flow',
        from: null,
        to: 1,
        why: 'first',
      });
      expect(await registry.promote('flow', 2, 'gate passed')).toMatchObject({ from: 1, to: 2 });
      expect((await registry.current('flow'))!.note).toBe('seed 2');
      expect(await registry.current('behaviour')).toBeNull();
    });

    it('rolls back to the parent, then to its parent, and never forward', async () => {
      const registry = open();
      for (const parent of [null, 1, 1, 3]) await registry.put(draftVersion('flow', 1, parent));
      for (const version of [1, 3, 4]) await registry.promote('flow', version, 'better');
      expect(await registry.rollback('flow', 'false alarms')).toMatchObject({ from: 4, to: 3, why: 'false alarms' });
      expect(await registry.rollback('flow', 'again')).toMatchObject({ from: 3, to: 1 });
      await expect(registry.rollback('flow', 'and again')).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
      expect((await registry.current('flow'))!.version).toBe(1);
    });

    it('rolls back an imported version (no parent) to what was live before it', async () => {
      const registry = open();
      await registry.put(draftVersion('flow', 1));
      await registry.put(draftVersion('flow', 2));
      await registry.promote('flow', 1, 'first');
      await registry.promote('flow', 2, 'imported');
      expect(await registry.rollback('flow', 'worse')).toMatchObject({ from: 2, to: 1 });
    });

    it('refuses what it does not know, and changes nothing then', async () => {
      const registry = open();
      await expect(registry.promote('flow', 1, 'x')).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
      await expect(registry.rollback('flow', 'x')).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
      await expect(registry.put(draftVersion('flow', 1, 7))).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
      await registry.put(draftVersion('flow', 1));
      await registry.promote('flow', 1, 'first');
      for (const version of [0, 2, -1, 1.5, Number.NaN])
        await expect(registry.promote('flow', version, 'x')).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
      expect((await registry.current('flow'))!.version).toBe(1);
    });

    it('refuses weights whose hash is another', async () => {
      const registry = open();
      const draft = draftVersion('flow', 1);
      await expect(registry.put({ ...draft, model: { ...draft.model, sha256: '0'.repeat(64) } })).rejects.toMatchObject({
        code: 'NL_MODEL_CORRUPT',
      });
      expect(await registry.list('flow')).toEqual([]);
    });

    it('does not change when a caller changes what it was given', async () => {
      const registry = open();
      const put = await registry.put(draftVersion('flow', 1));
      await registry.promote('flow', 1, 'first');
      (await registry.current('flow'))!.model.weights.fill(0);
      (await registry.list('flow'))[0]!.model.weights.fill(0);
      expect((await registry.current('flow'))!.model.weights).toEqual(put.model.weights);
      expect(put.model.weights).toEqual(draftVersion('flow', 1).model.weights);
    });
  });
}
