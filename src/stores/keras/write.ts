import { NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import type { Architecture, ModelFile } from '../../model.js';
import { checkArchitecture } from '../../networks/check.js';
import { type Block, type LstmBlocks, layOut } from '../../networks/layout.js';
import { forKeras3 } from './gates.js';
import { type Attributes, type Hdf5Array, writeHdf5 } from './hdf5.js';
import { writeZip } from './zip.js';

/** The versions whose files these are: Keras 3's own format, and the whole-model HDF5 that tf.keras 2 and Keras 3 both load. */
const KERAS_3 = '3.15.1';
const KERAS_2 = '2.15.0';
/** Names the weights' SHA-256 in an HDF5 file, which has no checksum of its own. Keras does not carry it over when it saves again. */
export const WEIGHTS_HASH = 'netloop_weights_sha256';

interface Layer {
  readonly kind: 'LSTM' | 'Bidirectional' | 'Dense';
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Kernel, recurrent kernel (LSTM) and bias; of a bidirectional layer forwards, then backwards. */
  readonly arrays: readonly (readonly Hdf5Array[])[];
}

/** A layer as Keras 3 writes it; inside another layer it asks for its module in an HDF5 file, too, where Keras 2 passes over it. */
const inModule = (kind: string, config: object) => ({ module: 'keras.layers', class_name: kind, config, registered_name: null });

const INITIALIZER = { class_name: 'GlorotUniform', config: { seed: null } };
const ZEROS = { class_name: 'Zeros', config: {} };

/** Whether Keras files of it can be written: of everything that the kernels run. */
export const hasKerasForm = ({ kind }: Architecture): boolean => kind !== 'tfjs';

/** @throws NL_LAYER_UNKNOWN */
function checkForm(architecture: Architecture): Architecture {
  if (hasKerasForm(checkArchitecture(architecture))) return architecture;
  throw new NetloopError(
    'NL_LAYER_UNKNOWN',
    'layers of TensorFlow.js are not written to Keras files: their version carries a model.json instead',
    {
      where: { layer: 'tfjs' },
    },
  );
}

const floatsOf = ({ weights }: ModelFile): Float32Array => new Float32Array(new Uint8Array(weights).buffer);

/** Keras' layers of an architecture, with their weights. Both versions of Keras know every option given here. */
function layersOf(architecture: Architecture, floats: Float32Array): Layer[] {
  const { lstm, dense, output } = layOut(architecture);
  const { recurrentActivation = 'sigmoid' } = architecture;
  const array = ({ rows, groups, columns, start }: Block, isBias: boolean): Hdf5Array => ({
    shape: isBias ? [groups * columns] : [rows, groups * columns],
    type: '<f',
    values: floats.slice(start, start + rows * groups * columns),
  });
  const arraysOf = ({ kernel, recurrent, bias }: LstmBlocks) => [array(kernel, false), array(recurrent, false), array(bias, true)];
  const numbered = (name: string, i: number): string => (i === 0 ? name : `${name}_${i}`);
  const plain = { trainable: true, dtype: 'float32', use_bias: true, kernel_initializer: INITIALIZER, bias_initializer: ZEROS };
  return [
    ...lstm.map((layer, i): Layer => {
      const config = {
        name: numbered('lstm', i),
        ...plain,
        units: layer.kernel.columns,
        activation: 'tanh',
        recurrent_activation: recurrentActivation, // hard_sigmoid was the default once
        recurrent_initializer: { class_name: 'Orthogonal', config: { gain: 1, seed: null } },
        unit_forget_bias: true,
        return_sequences: i < lstm.length - 1,
        return_state: false,
        go_backwards: false,
        stateful: false,
        unroll: false,
        dropout: 0,
        recurrent_dropout: 0,
      };
      if (!layer.back) return { kind: 'LSTM', name: config.name, config, arrays: [arraysOf(layer)] };
      const name = numbered('bidirectional', i);
      const half = (way: string, more: object = {}) => inModule('LSTM', { ...config, ...more, name: `${way}_${config.name}` });
      const halves = { layer: half('forward'), backward_layer: half('backward', { go_backwards: true }) };
      const both = { name, trainable: true, dtype: 'float32', merge_mode: 'concat', ...halves };
      return { kind: 'Bidirectional', name, config: both, arrays: [arraysOf(layer), arraysOf(layer.back)] };
    }),
    ...[...dense, output].map(({ kernel, bias }, i): Layer => {
      const name = numbered('dense', i);
      const activation = i === dense.length ? 'sigmoid' : 'relu';
      const config = { name, ...plain, units: kernel.columns, activation };
      return { kind: 'Dense', name, config, arrays: [[array(kernel, false), array(bias, true)]] };
    }),
  ];
}

const inputShape = ({ kind, steps, features }: Architecture): (number | null)[] =>
  kind === 'lstm' ? [null, steps, features] : [null, features];

/**
 * The model as a Keras 3 `.keras` file: a zip of configuration and weights, those of hard sigmoid gates as Keras 3 computes them.
 * @example writeFileSync('beh_lstm.keras', await kerasFile(version.model)); // keras.models.load_model('beh_lstm.keras')
 * @throws NL_OPTION, NL_LAYER_UNKNOWN for an impossible architecture
 */
export async function kerasFile(model: ModelFile): Promise<Uint8Array> {
  const architecture = checkForm(model.architecture);
  const shape = inputShape(architecture);
  const floats = forKeras3(architecture, floatsOf(model));
  const layers = layersOf(architecture, floats);
  const built = { build_config: { input_shape: shape } };
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'sequential',
      trainable: true,
      dtype: 'float32',
      layers: [
        inModule('InputLayer', { batch_shape: shape, dtype: 'float32', sparse: false, name: 'input_layer' }),
        ...layers.map(({ kind, config }) => inModule(kind, config)),
      ],
      build_input_shape: shape,
    },
    registered_name: null,
    ...built,
  };
  const groups = new Map<string, Attributes>();
  groups
    .set('', { [WEIGHTS_HASH]: sha256(floats) })
    .set('vars', {})
    .set('layers', {});
  const arrays = new Map<string, Hdf5Array>();
  const reach = (path: string): string => {
    path.split('/').forEach((_, i, parts) => void groups.set(parts.slice(0, i + 1).join('/'), {}));
    return path;
  };
  for (const { kind, name, arrays: parts } of layers) {
    const ways = kind === 'Bidirectional' ? ['/forward_layer/cell', '/backward_layer/cell'] : kind === 'LSTM' ? ['/cell'] : [''];
    reach(`layers/${name}/vars`);
    for (const [half, values] of parts.entries()) {
      const at = reach(`layers/${name}${ways[half]}/vars`);
      for (const [i, value] of values.entries()) arrays.set(`${at}/${i}`, value);
    }
  }
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  return writeZip({
    'metadata.json': json({ keras_version: KERAS_3, date_saved: '1980-01-01@00:00:00' }), // no clock: the same model gives the same text
    'config.json': json(config),
    'model.weights.h5': await writeHdf5({ groups, arrays }),
  });
}

/**
 * The model as a whole-model HDF5 file (`beh_lstm.h5`, `ann.h5`), which tf.keras 2 and Keras 3 load. Hard sigmoid gates are those of Keras 2;
 * Keras 3 takes them for its own, whatever the file says: give it `kerasFile`.
 * @throws NL_OPTION, NL_LAYER_UNKNOWN for an impossible architecture
 */
export async function kerasH5(model: ModelFile): Promise<Uint8Array> {
  const architecture = checkForm(model.architecture);
  const layers = layersOf(architecture, floatsOf(model));
  const input = { batch_input_shape: inputShape(architecture), dtype: 'float32', sparse: false, ragged: false, name: 'input_1' };
  const config = {
    class_name: 'Sequential',
    config: {
      name: 'sequential',
      layers: [{ class_name: 'InputLayer', config: input }, ...layers.map(({ kind, config }) => ({ class_name: kind, config }))],
    },
  };
  const made = { backend: 'tensorflow', keras_version: KERAS_2 };
  const groups = new Map<string, Attributes>();
  groups.set('', { ...made, model_config: JSON.stringify(config), [WEIGHTS_HASH]: model.sha256 });
  groups.set('model_weights', { ...made, layer_names: layers.map(({ name }) => name) });
  groups.set('model_weights/top_level_model_weights', { weight_names: [] });
  const arrays = new Map<string, Hdf5Array>();
  for (const { kind, name, arrays: parts } of layers) {
    const at = `model_weights/${name}`;
    const lstm = `lstm${name.match(/_\d+$/)?.[0] ?? ''}`;
    const ways =
      kind === 'Bidirectional' ? [`/forward_${lstm}/lstm_cell`, `/backward_${lstm}/lstm_cell`] : kind === 'LSTM' ? ['/lstm_cell'] : [''];
    const leaves = kind === 'Dense' ? ['kernel', 'bias'] : ['kernel', 'recurrent_kernel', 'bias'];
    const names = ways.flatMap((way) => leaves.map((leaf) => `${name}${way}/${leaf}:0`));
    groups.set(at, { weight_names: names });
    for (const path of names)
      path
        .split('/')
        .slice(0, -1)
        .forEach((_, i, all) => void groups.set(`${at}/${all.slice(0, i + 1).join('/')}`, {}));
    for (const [i, value] of parts.flat().entries()) arrays.set(`${at}/${names[i]}`, value);
  }
  return writeHdf5({ groups, arrays });
}
