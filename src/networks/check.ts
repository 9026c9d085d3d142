import { NetloopError, number } from '../errors.js';
import type { Architecture, Batch, LabelledBatch, OwnLayers } from '../model.js';
import { layOut } from './layout.js';
import { MOST_SLOTS, placeNetwork } from './memory.js';

/** Largest number of weights: 2^24 floats are 64 MB, and training holds up to thirteen such arrays. */
const MOST_WEIGHTS = 2 ** 24;

/** @throws NL_LAYER_UNKNOWN for another kind, NL_OPTION for sizes outside their range */
export function checkArchitecture(architecture: Architecture): Architecture {
  const { kind, steps, features, units, dense, bidirectional = false, recurrentActivation = 'sigmoid' } = architecture;
  if (kind === 'tfjs') return checkOwnLayers(architecture);
  if (kind !== 'mlp' && kind !== 'lstm') {
    throw new NetloopError('NL_LAYER_UNKNOWN', `unknown model kind '${String(kind)}': expected 'mlp' or 'lstm'`, {
      where: { layer: kind },
    });
  }
  const size = { min: 1, max: 4096, integer: true };
  number('steps', steps, { min: 1, max: kind === 'mlp' ? 1 : 4096, integer: true });
  number('features', features, { min: 1, max: 65536, integer: true });
  if (!Array.isArray(units) || !Array.isArray(dense))
    throw new NetloopError('NL_OPTION', 'invalid units or dense: expected lists of sizes');
  number('number of LSTM layers', units.length, { min: kind === 'lstm' ? 1 : 0, max: kind === 'lstm' ? 16 : 0, integer: true });
  number('number of dense layers', dense.length, { max: 16, integer: true });
  if (bidirectional !== false && (bidirectional !== true || kind !== 'lstm')) {
    throw new NetloopError(
      'NL_OPTION',
      `invalid bidirectional: expected true or false, and false for an MLP, got ${String(bidirectional)}`,
    );
  }
  if (recurrentActivation !== 'sigmoid' && recurrentActivation !== 'hard_sigmoid') {
    throw new NetloopError(
      'NL_OPTION',
      `invalid recurrentActivation: expected 'sigmoid' or 'hard_sigmoid', got '${String(recurrentActivation)}'`,
    );
  }
  for (const n of units) number('units', n, size);
  for (const n of dense) number('dense', n, size);
  const layout = layOut(architecture);
  number('number of weights', layout.padded, { max: MOST_WEIGHTS });
  placeNetwork(layout, { slots: MOST_SLOTS });
  return architecture;
}

/** Sizes alone; whether the layers are known says who runs them. */
function checkOwnLayers(architecture: Architecture): Architecture {
  const { steps, features, layers } = architecture;
  number('steps', steps, { min: 1, max: 4096, integer: true });
  number('features', features, { min: 1, max: 65536, integer: true });
  if (typeof layers?.modelTopology !== 'object' || layers.modelTopology === null || !Array.isArray(layers.weights)) {
    throw new NetloopError('NL_MODEL_CORRUPT', "a model of kind 'tfjs' must bring its layers and the shapes of their weights");
  }
  number('number of weights', countOf(layers), { max: MOST_WEIGHTS, integer: true });
  return architecture;
}

/** Floats of all weights of a researcher's own layers. */
export const countOf = ({ weights }: OwnLayers): number =>
  weights.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);

/** @throws NL_MODEL_SCHEMA when the shape is not the model's, NL_BAD_VALUE naming row and column of the first value that is not finite */
export function checkRows(architecture: Architecture, batch: Batch): void {
  const { x, rows, steps, features } = batch;
  if (steps !== architecture.steps || features !== architecture.features) {
    throw new NetloopError(
      'NL_MODEL_SCHEMA',
      `rows do not fit the model: expected ${architecture.steps} steps x ${architecture.features} features, got ${steps} x ${features}`,
    );
  }
  if (!Number.isInteger(rows) || rows < 0 || x.length !== rows * steps * features) {
    throw new NetloopError('NL_MODEL_SCHEMA', `expected ${rows} x ${steps} x ${features} values, got ${x.length}`);
  }
  // NaN and infinity, times 0, are NaN. Two sums, because each addition waits for the one before.
  let even = 0;
  let odd = x.length % 2 === 1 ? x[x.length - 1]! * 0 : 0;
  for (let i = 1; i < x.length; i += 2) {
    even += x[i - 1]! * 0;
    odd += x[i]! * 0;
  }
  if (even + odd !== 0) throw badValue(batch);
}

function badValue({ x, steps, features }: Batch): NetloopError {
  const at = x.findIndex((v) => !Number.isFinite(v));
  const row = Math.floor(at / (steps * features));
  const step = Math.floor(at / features) % steps;
  const column = at % features;
  const where = steps > 1 ? `row ${row}, step ${step}, column ${column}` : `row ${row}, column ${column}`;
  return new NetloopError('NL_BAD_VALUE', `value at ${where}: expected a finite number, got ${x[at]}`, { where: { row, step, column } });
}

/** @throws as `checkRows`, and NL_ONE_CLASS when there are not rows of both classes */
export function checkLabels(architecture: Architecture, batch: LabelledBatch): void {
  checkRows(architecture, batch);
  const { y, weight, rows } = batch;
  if (y.length !== rows) throw new NetloopError('NL_MODEL_SCHEMA', `expected ${rows} labels, got ${y.length}`);
  if (weight && weight.length !== rows) throw new NetloopError('NL_MODEL_SCHEMA', `expected ${rows} weights, got ${weight.length}`);
  for (let row = 0; row < rows; row++) {
    if (y[row] !== 0 && y[row] !== 1)
      throw new NetloopError('NL_BAD_VALUE', `label of row ${row}: expected 0 or 1, got ${y[row]}`, { where: { row } });
    const w = weight ? weight[row]! : 1;
    if (!(w >= 0 && w < Number.POSITIVE_INFINITY)) {
      throw new NetloopError('NL_BAD_VALUE', `weight of row ${row}: expected a finite number >= 0, got ${w}`, { where: { row } });
    }
  }
}

/** @throws NL_ONE_CLASS, also for no rows at all */
export function checkBothClasses({ y, rows }: LabelledBatch): void {
  let attacks = 0;
  for (let row = 0; row < y.length; row++) attacks += y[row]!;
  if (attacks === 0 || attacks === rows) {
    throw new NetloopError('NL_ONE_CLASS', `nothing to learn: expected rows of both classes, got ${attacks} attacks among ${rows} rows`);
  }
}
