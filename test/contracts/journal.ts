import { describe, expect, it } from 'vitest';
import { CYCLE_STATES, type CycleJournal, type CycleStart, type CycleState } from '../../src/journal.js';

export const cycle = (number: number, learner: CycleStart['learner'] = 'flow'): CycleStart => ({
  learner,
  number,
  window: { from: 1_700_000_000_000_001, to: 1_700_000_600_000_001 },
  parent: number === 1 ? null : number - 1,
  run: 'ab'.repeat(16),
});

/** The walk of a cycle that goes live. */
export const WALK: readonly CycleState[] = ['labelling', 'building', 'backing-up', 'training', 'validating', 'deployed', 'cleaned'];

/** What every cycle journal must do, whatever holds the bytes. */
export function journalContract(name: string, create: (options: { now: () => number; maxCycles?: number }) => CycleJournal): void {
  describe(`${name} keeps the journal contract`, () => {
    it('notes every step, its data and its time', async () => {
      let time = 1000;
      const journal = create({ now: () => time });
      const id = await journal.begin(cycle(2));
      expect(await journal.unfinished()).toEqual([
        { ...cycle(2), id, state: 'collecting', outcome: null, version: null, reason: '', data: {}, updated: 1000 },
      ]);
      for (const state of WALK.slice(0, 5)) {
        time += 10;
        await journal.advance(id, state, { [state]: time });
      }
      await journal.advance(id, 'validating', { version: 3, deploy: true });
      expect((await journal.unfinished())[0]).toMatchObject({
        ...{ state: 'validating', outcome: null, version: 3, updated: 1050 },
        data: { labelling: 1010, building: 1020, 'backing-up': 1030, training: 1040, validating: 1050, deploy: true },
      });
      await journal.advance(id, 'deployed', { reason: 'gate passed' });
      await journal.advance(id, 'cleaned', {});
      expect(await journal.unfinished()).toEqual([]);
      expect(await journal.history()).toMatchObject([{ id, state: 'cleaned', outcome: 'deployed', version: 3, reason: 'gate passed' }]);
    });

    it('shows what is under way, oldest first, and history newest first', async () => {
      const journal = create({ now: () => 0 });
      const a = await journal.begin(cycle(1));
      const b = await journal.begin(cycle(1, 'behaviour'));
      const c = await journal.begin(cycle(2));
      expect(new Set([a, b, c]).size).toBe(3);
      await journal.advance(b, 'failed', { reason: 'killed' });
      await journal.advance(b, 'cleaned', {});
      expect((await journal.unfinished()).map(({ id }) => id)).toEqual([a, c]);
      expect((await journal.history()).map(({ id }) => id)).toEqual([c, b, a]);
      expect((await journal.history({ learner: 'flow' })).map(({ id }) => id)).toEqual([c, a]);
      expect((await journal.history({ limit: 1 })).map(({ id }) => id)).toEqual([c]);
    });

    it('tells apart two cycles of one number', async () => {
      const journal = create({ now: () => 0 });
      expect(await journal.begin(cycle(1))).not.toBe(await journal.begin(cycle(1)));
    });

    it('goes only forward, to an end from where one may end, and from an end to cleaned', async () => {
      const steps = ['collecting', ...WALK.slice(0, 5)];
      const allowed = (from: CycleState, to: CycleState): boolean => {
        if (from === to) return true;
        if (!steps.includes(from)) return to === 'cleaned' && from !== 'cleaned';
        if (steps.includes(to)) return steps.indexOf(to) > steps.indexOf(from);
        if (to === 'skipped' || to === 'failed') return true;
        return (to === 'rolled-back' && from === 'training') || (from === 'validating' && (to === 'deployed' || to === 'rolled-back'));
      };
      const ways: Record<CycleState, readonly CycleState[]> = {
        ...{ collecting: [], labelling: ['labelling'], building: ['building'], 'backing-up': ['backing-up'], training: ['training'] },
        ...{ validating: ['validating'], deployed: ['validating', 'deployed'], 'rolled-back': ['validating', 'rolled-back'] },
        ...{ skipped: ['skipped'], failed: ['failed'], cleaned: ['failed', 'cleaned'] },
      };
      const journal = create({ now: () => 0 });
      for (const from of CYCLE_STATES) {
        for (const to of CYCLE_STATES) {
          const id = await journal.begin(cycle(1));
          for (const state of ways[from]) await journal.advance(id, state, {});
          const step = journal.advance(id, to, {});
          if (allowed(from, to)) await step;
          else await expect(step, `${from} -> ${to}`).rejects.toMatchObject({ code: 'NL_OPTION' });
          expect((await journal.history({ limit: 1 }))[0]!.state).toBe(allowed(from, to) ? to : from);
        }
      }
    });

    it('knows no cycle that never began', async () => {
      await expect(create({ now: () => 0 }).advance('nobody', 'labelling', {})).rejects.toMatchObject({ code: 'NL_OPTION' });
    });

    it('forgets the oldest cleaned cycles beyond its cap, and never one under way', async () => {
      const journal = create({ now: () => 0, maxCycles: 3 });
      const open = await journal.begin(cycle(1));
      const ids: string[] = [];
      for (let n = 2; n <= 6; n++) {
        const id = await journal.begin(cycle(n));
        ids.push(id);
        await journal.advance(id, 'skipped', { reason: 'too few samples' });
        await journal.advance(id, 'cleaned', {});
      }
      expect((await journal.history()).map(({ id }) => id)).toEqual([ids[4], ids[3], open]);
    });
  });
}
