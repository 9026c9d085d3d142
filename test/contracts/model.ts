import { describe, expect, it } from 'vitest';
import { NetloopError } from '../../src/errors.js';
import type { LabelledBatch, Model, ModelFile, TrainOptions } from '../../src/model.js';

export interface ModelCase {
  create(seed: number): Model;
  load(file: ModelFile): Model;
  /** At least 64 rows of both classes that the model can learn. */
  readonly rows: LabelledBatch;
  /** Trainings over which memory must stay flat. Default: 100. */
  readonly trainings?: number;
}

const options: TrainOptions = { epochs: 2, batch: 16, learningRate: 5e-3, seed: 9 };

/** What every Model must keep, whatever it is made of. */
export function modelContract(name: string, { create, load, rows, trainings = 100 }: ModelCase): void {
  const rejects = async (model: Model, batch: LabelledBatch, more: Partial<TrainOptions> = {}): Promise<string> => {
    const before = model.save().sha256;
    const error = await model.train(batch, { ...options, ...more }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NetloopError);
    expect(model.save().sha256).toBe(before);
    return (error as NetloopError).code;
  };
  const part = (from: number, to: number): LabelledBatch => {
    const size = rows.steps * rows.features;
    return { ...rows, x: rows.x.slice(from * size, to * size), y: rows.y.slice(from, to), rows: to - from };
  };

  describe(`${name} keeps the contract of a Model`, () => {
    it('predicts probabilities before it has learnt anything', () => {
      const p = create(1).predict(rows);
      expect(p.length).toBe(rows.rows);
      expect(p.every((v) => v > 0 && v < 1)).toBe(true);
      expect(new Set(p).size).toBeGreaterThan(rows.rows / 2);
    });

    it('predicts a row the same bits alone and in any company', () => {
      const model = create(1);
      const all = model.predict(rows);
      for (const [from, to] of [
        [0, 1],
        [5, 8],
        [3, 20],
        [7, 64],
      ] as const) {
        expect(model.predict(part(from, to))).toEqual(all.slice(from, to));
      }
    });

    it('is not changed by predicting', () => {
      const model = create(1);
      const before = model.save();
      const first = model.predict(rows);
      expect(model.predict(rows)).toEqual(first);
      expect(model.save()).toEqual(before);
    });

    it('gives the same bytes for the same seed, others for another', async () => {
      const [a, b, c, d] = [create(2), create(2), create(3), create(2)];
      expect(a.save()).toEqual(b.save());
      expect(a.save().sha256).not.toBe(c.save().sha256);
      expect(await a.train(rows, options)).toEqual(await b.train(rows, options));
      await d.train(rows, { ...options, seed: 10 });
      expect(a.save()).toEqual(b.save());
      expect(a.save().sha256).not.toBe(d.save().sha256);
    });

    it('learns', async () => {
      const model = create(1);
      const report = await model.train(rows, { ...options, epochs: 40 });
      expect(report).toMatchObject({ samples: rows.rows, stopped: 'done' });
      expect(report.epochs.map((e) => e.epoch)).toEqual(Array.from({ length: 40 }, (_, i) => i));
      expect(report.epochs.at(-1)!.loss).toBeLessThan(0.7 * report.epochs[0]!.loss);
      expect(report.epochs.at(-1)!.accuracy).toBeGreaterThan(0.8);
    });

    it('clones into independent models', async () => {
      const model = create(1);
      const clone = model.clone();
      const before = model.predict(rows);
      await clone.train(rows, options);
      expect(model.predict(rows)).toEqual(before);
      expect(clone.predict(rows)).not.toEqual(before);
      model.dispose();
      expect(clone.predict(rows).length).toBe(rows.rows);
    });

    it('comes back from its file with the same bits', async () => {
      const model = create(1);
      await model.train(rows, options);
      const again = load(model.save());
      expect(again.predict(rows)).toEqual(model.predict(rows));
      await again.train(rows, options);
      await model.train(rows, options);
      expect(again.save()).toEqual(model.save());
    });

    it('saves a file of its own: changing it changes no model', () => {
      const model = create(1);
      const before = model.predict(rows);
      const file = model.save();
      const other = load(file);
      file.weights.fill(0);
      expect(model.predict(rows)).toEqual(before);
      expect(other.predict(rows)).toEqual(before);
    });

    it('serves its old weights while it trains, and refuses a second training', async () => {
      const model = create(1);
      const before = model.predict(rows);
      const training = model.train(rows, {
        ...options,
        onEpoch: () => expect(model.predict(rows)).toEqual(before),
      });
      expect(await rejects(model, rows)).toBe('NL_BUSY');
      await training;
      expect(model.predict(rows)).not.toEqual(before);
    });

    it('is cancelled by its signal, with the weights as they were', async () => {
      const model = create(1);
      const before = model.save();
      const cancel = new AbortController();
      const report = await model.train(rows, { ...options, epochs: 1000, signal: cancel.signal, onEpoch: () => cancel.abort() });
      expect(report.stopped).toBe('cancelled');
      expect(report.epochs.length).toBeGreaterThan(0);
      expect(report.epochs.length).toBeLessThan(1000);
      expect(model.save()).toEqual(before);
    });

    it('stops when it diverges, with the weights as they were', async () => {
      const model = create(1);
      const before = model.save();
      const report = await model.train(rows, { ...options, epochs: 50, optimizer: 'sgd', learningRate: 1e6 });
      expect(report.stopped).toBe('diverged');
      expect(model.save()).toEqual(before);
    });

    it('refuses bad rows with a code, and is not changed by them', async () => {
      const model = create(1);
      expect(model.predict(part(0, 0)).length).toBe(0);
      expect(await rejects(model, part(0, 0))).toBe('NL_ONE_CLASS');
      expect(await rejects(model, part(0, 1))).toBe('NL_ONE_CLASS');
      expect(await rejects(model, { ...rows, y: rows.y.map(() => 1) })).toBe('NL_ONE_CLASS');
      expect(await rejects(model, { ...rows, y: rows.y.map(() => Number.NaN) })).toBe('NL_BAD_VALUE');
      expect(await rejects(model, { ...rows, y: rows.y.slice(1) })).toBe('NL_MODEL_SCHEMA');
      expect(await rejects(model, { ...rows, weight: rows.y.map(() => -1) })).toBe('NL_BAD_VALUE');
      expect(await rejects(model, { ...rows, features: rows.features + 1 })).toBe('NL_MODEL_SCHEMA');
      expect(await rejects(model, { ...rows, steps: rows.steps + 1 })).toBe('NL_MODEL_SCHEMA');
      expect(await rejects(model, { ...rows, rows: rows.rows + 1 })).toBe('NL_MODEL_SCHEMA');
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = rows.x.slice();
        x[3 * rows.steps * rows.features + 2] = value;
        expect(await rejects(model, { ...rows, x })).toBe('NL_BAD_VALUE');
        expect(() => model.predict({ ...rows, x })).toThrow(/row 3, .*column 2.*expected a finite number/);
      }
    });

    it('refuses bad options with a code', async () => {
      const model = create(1);
      const bad: readonly Partial<TrainOptions>[] = [
        { epochs: 0 },
        { epochs: 1.5 },
        { batch: 0 },
        { learningRate: -1 },
        { learningRate: Number.NaN },
        { seed: -1 },
        { clipNorm: -1 },
        { classWeight: [1, Number.NaN] },
        { optimizer: 'lbfgs' as 'adam' },
      ];
      for (const more of bad) expect(await rejects(model, rows, more), JSON.stringify(more)).toBe('NL_OPTION');
    });

    it('keeps memory flat over many trainings', async () => {
      const model = create(1);
      const cycle = async (): Promise<void> => {
        await model.train(rows, options);
        model.predict(rows);
        model.clone().dispose();
      };
      for (let i = 0; i < 10; i++) await cycle();
      const before = process.memoryUsage().rss;
      for (let i = 0; i < trainings; i++) await cycle();
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    });
  });
}
