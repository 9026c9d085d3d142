import { describe, expect, it } from 'vitest';
import type { Architecture, BatchProgress, TrainOptions } from '../../src/model.js';
import { createModel } from '../../src/networks/load.js';
import { cosPi, rateOf } from '../../src/networks/schedule.js';
import { makeRows } from './rows.js';

const lstm: Architecture = { kind: 'lstm', steps: 4, features: 7, units: [12, 6], dense: [8] };
const rows = makeRows(lstm, 60, 8);
const options: TrainOptions = { epochs: 6, batch: 20, learningRate: 1e-2, seed: 1 };

async function train(more: Partial<TrainOptions>) {
  const model = createModel(lstm, { seed: 1 });
  const report = await model.train(rows, { ...options, ...more });
  return { ...report, weights: new Float32Array(model.save().weights.buffer), model };
}
const losses = ({ epochs }: { epochs: readonly { loss: number }[] }): number[] => epochs.map((e) => e.loss);

describe('the learning rate', () => {
  it('falls by steps, exponentially or along a cosine', () => {
    const at = (schedule: TrainOptions['schedule'], epochs: readonly number[]): number[] => epochs.map((e) => rateOf(schedule, 0.1, e, 10));
    expect(at(undefined, [0, 9])).toEqual([0.1, 0.1]);
    expect(at({ kind: 'step', every: 3, factor: 0.5 }, [0, 2, 3, 6, 9])).toEqual([0.1, 0.1, 0.05, 0.025, 0.0125]);
    expect(at({ kind: 'exponential', factor: 0.5 }, [0, 1, 3])).toEqual([0.1, 0.05, 0.0125]);
    const cosine = at({ kind: 'cosine', floor: 0.1 }, [0, 5, 10]);
    [0.1, 0.055, 0.01].forEach((rate, i) => void expect(cosine[i]).toBeCloseTo(rate, 15));
    for (let t = 0; t <= 1; t += 1 / 64) expect(Math.abs(cosPi(t) - Math.cos(Math.PI * t))).toBeLessThan(5e-16);
  });

  it('is what each epoch learns at, and is recorded only where it moves', async () => {
    const steady = await train({});
    const halved = await train({ schedule: { kind: 'step', every: 2, factor: 0.5 } });
    expect(halved.epochs.map((e) => e.learning_rate)).toEqual([0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025]);
    expect(steady.epochs.some((e) => 'learning_rate' in e)).toBe(false);
    expect(losses(halved).slice(0, 2)).toEqual(losses(steady).slice(0, 2));
    expect(losses(halved)[3]).not.toBe(losses(steady)[3]);
    expect((await train({ schedule: { kind: 'exponential', factor: 1 } })).weights).toEqual(steady.weights);
  });
});

describe('early stopping', () => {
  it('ends after its patience, with the weights of the best epoch', async () => {
    const validation = makeRows(lstm, 40, 99); // of another teacher: what helps here does not help there
    const stopped = await train({ epochs: 60, validation, earlyStopping: { patience: 3 } });
    expect(stopped.stopped).toBe('early');
    const values = stopped.epochs.map((e) => e.val_loss!);
    const best = values.indexOf(Math.min(...values));
    expect(stopped.best).toBe(best);
    expect(values.length).toBe(best + 4);
    expect(stopped.weights).toEqual((await train({ epochs: best + 1 })).weights);
    const last = await train({ epochs: 60, validation, earlyStopping: { patience: 3, restoreBest: false } });
    expect(last.weights).toEqual((await train({ epochs: values.length })).weights);
  });

  it('counts only a fall of more than minDelta, and watches what it is told to', async () => {
    const impatient = await train({ epochs: 50, earlyStopping: { patience: 2, minDelta: 10 } });
    expect(impatient).toMatchObject({ stopped: 'early', best: 0 });
    expect(impatient.epochs.length).toBe(3);
    const done = await train({ earlyStopping: { patience: 5, monitor: 'loss' } });
    expect(done).toMatchObject({ stopped: 'done', best: 5 });
  });
});

describe('frozen layers', () => {
  it.each([[['lstm_0']], [['lstm_0', 'lstm_1']], [['dense_0', 'output']], [['lstm_1']]])('%j stay, all others move', async (frozen) => {
    for (const more of [{}, { optimizer: 'sgd', momentum: 0.5 } as const, { clipNorm: 0.1 }]) {
      const { weights } = await train({ ...more, frozen });
      const before = new Float32Array(createModel(lstm, { seed: 1 }).save().weights.buffer);
      let at = 0;
      for (const [layer, count] of [
        ['lstm_0', 4 * 12 * (7 + 12 + 1)],
        ['lstm_1', 4 * 6 * (12 + 6 + 1)],
        ['dense_0', 8 * (6 + 1)],
        ['output', 8 + 1],
      ] as const) {
        const same = weights.subarray(at, at + count).every((w, i) => w === before[at + i]);
        expect(same, layer).toBe(frozen.includes(layer));
        at += count;
      }
    }
  });
});

it('clips by the norm of what learns alone', async () => {
  const start = new Float32Array(createModel(lstm, { seed: 1 }).save().weights.buffer);
  const sgd = { optimizer: 'sgd', batch: 60, learningRate: 1, epochs: 1, clipNorm: 0.01, frozen: ['lstm_0', 'output'] } as const;
  const { weights } = await train(sgd);
  expect(Math.sqrt(weights.reduce((sum, w, i) => sum + (w - start[i]!) ** 2, 0))).toBeCloseTo(0.01, 6);
});

describe('momentum', () => {
  it('moves as a hand-made loop over single steps does', async () => {
    const sgd = { optimizer: 'sgd', batch: 60, learningRate: 0.5, epochs: 1 } as const;
    const start = new Float32Array(createModel(lstm, { seed: 1 }).save().weights.buffer);
    const first = (await train(sgd)).weights.map((w, i) => w - start[i]!);
    const two = await train({ ...sgd, epochs: 2 });
    const heavy = await train({ ...sgd, epochs: 2, momentum: 0.9 });
    // One step is the same; the second repeats nine tenths of the first.
    two.weights.forEach((w, i) => void expect(Math.abs(heavy.weights[i]! - (w + 0.9 * first[i]!))).toBeLessThan(1e-6));
    expect((await train({ ...sgd, momentum: 0.9 })).weights).toEqual((await train(sgd)).weights);
  });
});

describe('dropout', () => {
  it('changes what is learnt by its seed and rate alone, and no prediction', async () => {
    const a = await train({ dropout: 0.3 });
    expect((await train({ dropout: [0.3, 0.3, 0.3] })).weights).toEqual(a.weights);
    expect((await train({ dropout: 0 })).weights).toEqual((await train({})).weights);
    expect(a.weights).not.toEqual((await train({})).weights);
    expect(a.model.predict(rows)).toEqual(a.model.predict(rows));
    const kept = await train({ dropout: [0, 0, 0.5], epochs: 60 });
    expect(kept.epochs.at(-1)!.loss).toBeLessThan(0.8 * kept.epochs[0]!.loss);
  });
});

it('tells its progress batch by batch', async () => {
  const seen: BatchProgress[] = [];
  const { epochs } = await train({ epochs: 2, batch: 25, onBatch: (progress) => seen.push(progress) });
  expect(seen.map((p) => [p.epoch, p.batch, p.batches])).toEqual([0, 1].flatMap((e) => [1, 2, 3].map((b) => [e, b, 3])));
  const [a, b, c] = seen.map((p) => p.loss) as [number, number, number];
  expect((25 * a + 25 * b + 10 * c) / 60).toBeCloseTo(epochs[0]!.loss, 12);
});

it('refuses options that make no sense, by name', async () => {
  for (const [bad, option] of [
    [{ momentum: 1, optimizer: 'sgd' }, 'momentum'],
    [{ momentum: 0.5 }, 'momentum'],
    [{ dropout: 1 }, 'dropout'],
    [{ dropout: [0.1] }, 'dropout'],
    [{ dropout: [0, 0, -1] }, 'dropout'],
    [{ frozen: ['lstm_7'] }, 'frozen'],
    [{ frozen: ['lstm_0', 'lstm_1', 'dense_0', 'output'] }, 'frozen'],
    [{ schedule: { kind: 'linear' } }, 'schedule.kind'],
    [{ schedule: { kind: 'step', every: 0, factor: 0.5 } }, 'schedule.every'],
    [{ schedule: { kind: 'exponential' } }, 'schedule.factor'],
    [{ schedule: { kind: 'cosine', floor: 2 } }, 'schedule.floor'],
    [{ earlyStopping: { patience: 0 } }, 'earlyStopping.patience'],
    [{ earlyStopping: { patience: 1, monitor: 'val_loss' } }, 'earlyStopping.monitor'],
    [{ threads: 0 }, 'threads'],
  ] as const) {
    await expect(train(bad as Partial<TrainOptions>), JSON.stringify(bad)).rejects.toMatchObject({ code: 'NL_OPTION', where: { option } });
  }
  for (const bad of [{ bidirectional: 1 }, { recurrentActivation: 'relu' }]) {
    expect(() => createModel({ ...lstm, ...(bad as object) }, { seed: 1 })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  }
});
