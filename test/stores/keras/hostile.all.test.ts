import { expect, it } from 'vitest';
import { createModel } from '../../../src/networks/load.js';
import { kerasFile, kerasH5 } from '../../../src/stores/keras/write.js';
import { asFunctionalWithMask, withConfig } from './edit.js';
import { damaged, outcomesOf } from './survive.js';

const model = createModel({ kind: 'lstm', steps: 4, features: 3, units: [5, 2], dense: [4] }, { seed: 3 }).save();

it.each([
  ['.h5', 200, () => kerasH5(model)],
  ['.h5 of a functional model', 100, () => withConfig(model, asFunctionalWithMask)],
  ['.keras', 20_000, () => kerasFile(model)],
] as const)(
  'damaged %s, %d times: coded errors only',
  async (_, count, make) => {
    const outcomes = await outcomesOf(damaged(await make(), count, 12), model);
    expect([...outcomes.values()].reduce((a, b) => a + b)).toBe(count);
    expect(outcomes.get('NL_MODEL_CORRUPT')).toBeGreaterThan(count / 4);
  },
  600_000,
);
