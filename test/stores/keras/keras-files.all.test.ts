import { describe, expect, it } from 'vitest';
import type { NetloopError } from '../../../src/errors.js';
import type { Architecture, ModelFile } from '../../../src/model.js';
import { createModel, loadModel } from '../../../src/networks/load.js';
import { createRandom } from '../../../src/random.js';
import { readArchitecture } from '../../../src/stores/keras/architecture.js';
import type { Hdf5Array } from '../../../src/stores/keras/hdf5.js';
import { parseObject } from '../../../src/stores/keras/json.js';
import { readKeras } from '../../../src/stores/keras/read.js';
import { kerasCopies } from '../../../src/stores/keras/versions.js';
import { kerasFile, kerasH5 } from '../../../src/stores/keras/write.js';
import { readZip, writeZip } from '../../../src/stores/keras/zip.js';
import { asFunctionalWithMask, type Config, configOf, rewritten, withConfig } from './edit.js';
import { damaged, outcomesOf, refusals } from './survive.js';

const architectures: Record<string, Architecture> = {
  'one LSTM layer': { kind: 'lstm', steps: 10, features: 7, units: [6], dense: [4] },
  'three LSTM layers, no dense': { kind: 'lstm', steps: 3, features: 2, units: [5, 1, 9], dense: [] },
  'sixteen and sixteen': { kind: 'lstm', steps: 2, features: 3, units: Array(16).fill(2), dense: Array(16).fill(3) },
  'three bidirectional layers': { kind: 'lstm', steps: 3, features: 2, units: [5, 1, 9], dense: [4], bidirectional: true },
  'an MLP': { kind: 'mlp', steps: 1, features: 41, units: [], dense: [16, 8] },
  'logistic regression': { kind: 'mlp', steps: 1, features: 3, units: [], dense: [] },
};
const made = (architecture: Architecture, seed = 3): ModelFile => createModel(architecture, { seed }).save();
const lstm = made({ kind: 'lstm', steps: 4, features: 3, units: [5, 2], dense: [4] });
const mlp = made({ kind: 'mlp', steps: 1, features: 3, units: [], dense: [4] });

function scores(model: ModelFile): Float32Array {
  const { steps, features } = model.architecture;
  const random = createRandom(11);
  const x = Float32Array.from({ length: 20 * steps * features }, () => 4 * random.next() - 2);
  return loadModel(model).predict({ x, rows: 20, steps, features });
}

/** The error of a configuration. */
async function refusedConfig(change: (config: Config) => void): Promise<NetloopError> {
  const config = await configOf(lstm);
  change(config);
  try {
    readArchitecture(config, 'm.h5');
  } catch (error) {
    expect(error).toHaveProperty('code');
    return error as NetloopError;
  }
  throw new Error('the configuration was accepted');
}

/** The error of reading; a success or an error without a code fails the test. */
async function refusal(bytes: Uint8Array, name = 'm.h5'): Promise<NetloopError> {
  const outcome: unknown = await readKeras(bytes, name).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(Error);
  expect(outcome).toHaveProperty('code');
  return outcome as NetloopError;
}

describe.each([
  ['keras', kerasFile],
  ['h5', kerasH5],
] as const)('a model as .%s', (format, write) => {
  it.each(Object.entries(architectures))('comes back with the same bits: %s', async (_, architecture) => {
    const model = made(architecture);
    const back = await readKeras(await write(model), `m.${format}`);
    expect(back).toEqual(model);
    expect(scores(back)).toEqual(scores(model));
  });
});

describe('hard sigmoid gates', () => {
  const HARD: Architecture = { ...lstm.architecture, recurrentActivation: 'hard_sigmoid' };

  it.each([{}, { bidirectional: true }])('come back from .h5, whose gates are those of Keras 2, with the same bits (%o)', async (more) => {
    const model = made({ ...HARD, ...more });
    expect(await readKeras(await kerasH5(model), 'm.h5')).toEqual(model);
  });

  it.each([{}, { bidirectional: true }])('come back from .keras, whose gates are those of Keras 3, to 1e-6 (%o)', async (more) => {
    const model = made({ ...HARD, ...more });
    const back = await readKeras(await kerasFile(model), 'm.keras');
    expect(back.architecture).toEqual(model.architecture);
    const [p, q] = [scores(back), scores(model)];
    expect(Math.max(...p.map((v, i) => Math.abs(v - q[i]!)))).toBeLessThan(1e-6);
    // The same numbers taken for the gates of Keras 2 are another model.
    const parts = readZip(await kerasFile(model), ['config.json', 'model.weights.h5'], 'm.keras');
    const other = scores(await readKeras(writeZip(Object.fromEntries(parts)), 'm.keras'));
    expect(Math.max(...other.map((v, i) => Math.abs(v - q[i]!)))).toBeGreaterThan(1e-4);
  });

  it('of one layer beside sigmoid gates of another are refused by name', async () => {
    const error = await refusedConfig((c) => (c.config.layers[2].config.recurrent_activation = 'hard_sigmoid'));
    expect([error.code, error.where.layer]).toEqual(['NL_LAYER_UNKNOWN', 'lstm_1']);
  });
});

describe('bidirectional layers', () => {
  const both = made({ ...lstm.architecture, bidirectional: true });
  const refusedBoth = async (change: (layers: Config[]) => void): Promise<NetloopError> => {
    const config = await configOf(both);
    change(config.config.layers);
    try {
      readArchitecture(config, 'm.h5');
    } catch (error) {
      return error as NetloopError;
    }
    throw new Error('the configuration was accepted');
  };

  it.each<[string, RegExp, (layers: Config[]) => void]>([
    ['summed halves', /merge_mode "sum"/, (l) => (l[1].config.merge_mode = 'sum')],
    ['a GRU inside', /holds a GRU/, (l) => (l[1].config.layer.class_name = 'GRU')],
    ['halves of two sizes', /differ in units/, (l) => (l[1].config.backward_layer.config.units = 3)],
    ['two halves that read forwards', /read forwards/, (l) => (l[1].config.backward_layer.config.go_backwards = false)],
    ['a plain layer above', /differs from the first/, (l) => (l[2] = l[2].config.layer)],
  ])('are refused by name: %s', async (_, message, change) => {
    const error = await refusedBoth(change);
    expect(error.code).toBe('NL_LAYER_UNKNOWN');
    expect(error.message).toMatch(message);
  });
});

describe('the copy that every version carries', () => {
  it('is written for everything that the kernels run', async () => {
    const copies = async (more: Partial<Architecture>): Promise<string[]> => {
      const model = createModel({ kind: 'lstm', steps: 3, features: 4, units: [4], dense: [4], ...more }, { seed: 1 }).save();
      return Object.keys(await kerasCopies({ name: 'behaviour', model }));
    };
    expect(await copies({})).toEqual(['beh_lstm.h5']);
    expect(await copies({ bidirectional: true, recurrentActivation: 'hard_sigmoid' })).toEqual(['beh_lstm.h5']);
  });
});

describe('a functional model with Masking', () => {
  it('is read past its mask layers (NotEqual, Any)', async () => {
    expect(await readKeras(await withConfig(lstm, asFunctionalWithMask), 'm.h5')).toEqual(lstm);
  });

  it('in the way Keras 2 writes its nodes', async () => {
    const bytes = await withConfig(mlp, (config) => {
      let before = 'input_1';
      for (const layer of config.config.layers.slice(1)) {
        layer.inbound_nodes = [[[before, 0, 0, {}]]];
        before = layer.name = layer.config.name;
      }
      config.class_name = 'Functional';
      config.config.output_layers = [[before, 0, 0]];
    });
    expect(await readKeras(bytes, 'm.h5')).toEqual(mlp);
  });

  it.each<[string, string, (layers: Config[], config: Config) => void]>([
    ['a layer beside the way', 'not_equal', (layers) => (layers[1].class_name = 'Multiply')],
    ['a layer with two inputs', 'dense', (layers) => layers.at(-2).inbound_nodes[0].args.push(layers.at(-1).inbound_nodes[0].args[0])],
    ['a layer used twice', 'lstm', (layers) => layers[4].inbound_nodes.push(layers[4].inbound_nodes[0])],
    ['two outputs', 'sequential', (_, { config }) => (config.output_layers = [config.output_layers, ['dense', 0, 0]])],
  ])('that branches is refused: %s', async (_, layer, change) => {
    const error = await refusedConfig((config) => {
      asFunctionalWithMask(config);
      change(config.config.layers, config);
    });
    expect([error.code, error.where.layer]).toEqual(['NL_LAYER_UNKNOWN', layer]);
  });
});

describe('what the kernels cannot do', () => {
  it.each<[string, object, (layers: Config[], config: Config) => void]>([
    ['another layer', { layer: 'lstm', kind: 'GRU' }, (l) => (l[1].class_name = 'GRU')],
    ['a layer in between', { layer: 'dense', kind: 'BatchNormalization' }, (l) => (l[3].class_name = 'BatchNormalization')],
    ['another order', { layer: 'dense', kind: 'Dense' }, (l) => l.splice(1, 3, l[3], l[1], l[2])],
    ['a subclassed model', { layer: 'sequential', kind: 'Mine' }, (_, c) => (c.class_name = 'Mine')],
    ['relu gates', { layer: 'lstm', field: 'recurrent_activation' }, (l) => (l[1].config.recurrent_activation = 'relu')],
    ['an activation as an object', { layer: 'dense', field: 'activation' }, (l) => (l[3].config.activation = { config: 'gelu' })],
    ['no bias', { layer: 'dense', field: 'use_bias' }, (l) => (l[3].config.use_bias = false)],
    ['backwards', { layer: 'lstm_1', field: 'go_backwards' }, (l) => (l[2].config.go_backwards = true)],
    ['state kept between batches', { layer: 'lstm', field: 'stateful' }, (l) => (l[1].config.stateful = true)],
    ['every step out', { layer: 'lstm_1', field: 'return_sequences' }, (l) => (l[2].config.return_sequences = true)],
    ['linear output', { layer: 'dense_1', field: 'activation' }, (l) => (l[4].config.activation = 'linear')],
    ['adapters', { layer: 'dense', field: 'lora_rank' }, (l) => (l[3].config.lora_rank = 4)],
  ])('is refused by name: %s', async (_, where, change) => {
    const error = await refusedConfig((config) => change(config.config.layers, config));
    expect(error.code).toBe('NL_LAYER_UNKNOWN');
    expect(error.where).toMatchObject({ file: 'm.h5', ...where });
    for (const value of Object.values(where)) expect(error.message).toContain(value);
  });

  it('says what to write instead', async () => {
    const { message } = await refusedConfig((c) => (c.config.layers[1].config.recurrent_activation = 'relu'));
    expect(message).toBe(
      `m.h5: layer 'lstm' (LSTM) has recurrent_activation "relu": netloop can do "sigmoid" here; retrain with recurrent_activation="sigmoid"`,
    );
  });

  it.each<[string, (layers: Config[]) => void]>([
    ['two outputs', (l) => (l[4].config.units = 2)],
    ['no dense layer', (l) => l.splice(3, 2)],
    ['a picture', (l) => (l[0].config.batch_shape = [null, 4, 3, 1])],
    ['no fixed length', (l) => (l[0].config.batch_shape = [null, null, 3])],
    ['an input shape in words', (l) => (l[0].config.batch_shape = 'ten by three')],
    ['no units', (l) => (l[1].config.units = -1)],
    ['units in words', (l) => (l[3].config.units = 'four')],
    ['too many weights', (l) => (l[1].config.units = 4096)],
  ])('has another shape: %s', async (_, change) => {
    expect((await refusedConfig((config) => change(config.config.layers))).code).toBe('NL_MODEL_SCHEMA');
  });

  it('takes the length from whoever knows it when the input leaves it open', async () => {
    const bytes = await withConfig(lstm, (config) => (config.config.layers[0].config.batch_input_shape = [null, null, 3]));
    expect(await readKeras(bytes, 'm.h5', { steps: 4 })).toEqual(lstm);
  });

  it('passes over what acts in training only', async () => {
    const bytes = await withConfig(lstm, (config) => {
      config.config.layers.splice(3, 0, { class_name: 'Dropout', config: { name: 'dropout', rate: 0.3 } });
      config.config.layers[1].config.recurrent_dropout = 0.2;
    });
    expect(await readKeras(bytes, 'm.h5')).toEqual(lstm);
  });
});

describe('damage', () => {
  const path = 'model_weights/dense/dense/kernel:0';
  const withArray = (change: (array: Hdf5Array) => Hdf5Array | null, to = path) =>
    rewritten(mlp, ({ groups, arrays }) => {
      const changed = new Map(arrays);
      const array = change(arrays.get(to)!);
      if (array) changed.set(to, array);
      else changed.delete(to);
      return { groups, arrays: changed };
    });

  it.each<[string, RegExp, (array: Hdf5Array) => Hdf5Array | null]>([
    ['weights are missing', /dense\/kernel:0 of layer 'dense' are missing/, () => null],
    ['their shape contradicts', /shape 4 x 3, the configuration says 3 x 4/, (a) => ({ ...a, shape: [4, 3] })],
    ['one was changed', /expected weights with SHA-256/, (a) => ({ ...a, values: a.values!.map((v, i) => (i === 5 ? v + 1 : v)) })],
  ])('is said: %s', async (_, message, change) => {
    const error = await refusal(await withArray(change));
    expect([error.code, error.message]).toEqual(['NL_MODEL_CORRUPT', expect.stringMatching(message)]);
  });

  it('weights that are not numbers are refused, also without a hash', async () => {
    const bytes = await rewritten(mlp, ({ arrays, groups }) => {
      const root = { model_config: groups.get('')!.model_config! };
      const nan = { ...arrays.get(path)!, values: new Float32Array(12).fill(Number.NaN) };
      return { groups: new Map(groups).set('', root), arrays: new Map(arrays).set(path, nan) };
    });
    expect(await refusal(bytes)).toMatchObject({ code: 'NL_MODEL_CORRUPT', message: expect.stringContaining('not a number') });
  });

  it('a file of weights alone says what to save', async () => {
    const bytes = await rewritten(mlp, ({ groups, arrays }) => ({ groups: new Map(groups).set('', {}), arrays }));
    expect(await refusal(bytes)).toMatchObject({ code: 'NL_MODEL_SCHEMA', message: expect.stringContaining('save the whole model') });
  });

  it('an empty file, another file, another zip', async () => {
    expect((await refusal(new Uint8Array(0))).code).toBe('NL_FILE_EMPTY');
    expect((await refusal(Buffer.from('# not a model'))).code).toBe('NL_FILE_FORMAT');
    expect((await refusal(writeZip({ 'a.txt': Uint8Array.of(1) }))).code).toBe('NL_FILE_FORMAT');
  });

  it('a zip that says it is small and is not', async () => {
    const bytes = Buffer.from(writeZip({ 'config.json': Buffer.from('{}') }));
    const central = bytes.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    bytes.writeUInt32LE(2 ** 31, central + 24);
    expect(() => readZip(bytes, ['config.json'], 'm.keras')).toThrow(/a model is at most/);
  });
});

describe('hostile bytes give coded errors only', () => {
  it.each([
    ['.keras', 400, kerasFile],
    ['.h5', 30, kerasH5],
  ] as const)('%s damaged %d times', async (_, count, write) => {
    const outcomes = await outcomesOf(damaged(await write(mlp), count, 5), mlp);
    expect(outcomes.get('NL_MODEL_CORRUPT')).toBeGreaterThan(count / 4);
  });

  it('a configuration with anything anywhere, 20,000 times', async () => {
    const random = createRandom(7);
    const strange = [null, 0, -1, 'x', [], {}, true, 1e300, [[[]]], { class_name: '__keras_tensor__', config: 3 }, ['dense', 0, 0]];
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
    const mangle = (value: Config): Config => {
      if (typeof value !== 'object' || value === null || random.next() < 0.04) return structuredClone(pick(strange));
      const keys = Object.keys(value);
      if (keys.length === 0) return structuredClone(pick(strange));
      const key = pick(keys);
      value[key] = mangle(value[key]);
      return value;
    };
    const functional = await configOf(lstm);
    asFunctionalWithMask(functional);
    const sources = [JSON.stringify(await configOf(lstm)), JSON.stringify(functional), JSON.stringify(await configOf(mlp))];
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      let outcome = 'read';
      try {
        const text = JSON.stringify(mangle(mangle(JSON.parse(sources[i % sources.length]!))));
        readArchitecture(parseObject(text, 'config.json', 'm'), 'm');
      } catch (error) {
        outcome = String((error as Partial<NetloopError>).code);
        expect(refusals, (error as Error).stack).toContain(outcome);
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(['NL_LAYER_UNKNOWN', 'NL_MODEL_CORRUPT', 'NL_MODEL_SCHEMA', 'read']);
  });
});
