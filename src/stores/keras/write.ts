import { NetloopError } from '../../errors.js';
import type { Architecture, ModelFile } from '../../model.js';
import { checkArchitecture } from '../../networks/check.js';
import { type Block, layOut } from '../../networks/layout.js';
import { type Attributes, type Hdf5Array, writeHdf5 } from './hdf5.js';
import { writeZip } from './zip.js';

/** The versions whose files these are: Keras 3's own format, and the whole-model HDF5 that tf.keras 2 and Keras 3 both load. */
const KERAS_3 = '3.15.1';
const KERAS_2 = '2.15.0';
/** Names the weights' SHA-256 in an HDF5 file, which has no checksum of its own. Keras does not carry it over when it saves again. */
export const WEIGHTS_HASH = 'netloop_weights_sha256';

interface Layer {
  readonly kind: 'LSTM' | 'Dense';
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Kernel, recurrent kernel (LSTM) and bias. */
  readonly arrays: readonly Hdf5Array[];
}

const INITIALIZER = { class_name: 'GlorotUniform', config: { seed: null } };
const ZEROS = { class_name: 'Zeros', config: {} };

/** Whether Keras files of it can be written. */
export const hasKerasForm = ({ bidirectional = false, recurrentActivation = 'sigmoid' }: Architecture): boolean =>
  !bidirectional && recurrentActivation === 'sigmoid';

/** Keras' layers of an architecture, with their weights. Both versions of Keras know every option given here. */
function layersOf({ architecture, weights }: ModelFile): Layer[] {
  const { lstm, dense, output } = layOut(checkArchitecture(architecture));
  if (!hasKerasForm(architecture)) {
    throw new NetloopError(
      'NL_LAYER_UNKNOWN',
      "bidirectional layers and hard sigmoid gates are not written to Keras files: keep netloop's own",
    );
  }
  const floats = new Float32Array(new Uint8Array(weights).buffer);
  const array = ({ rows, groups, columns, start }: Block, isBias: boolean): Hdf5Array => ({
    shape: isBias ? [groups * columns] : [rows, groups * columns],
    type: '<f',
    values: floats.slice(start, start + rows * groups * columns),
  });
  const numbered = (name: string, i: number): string => (i === 0 ? name : `${name}_${i}`);
  const plain = { trainable: true, dtype: 'float32', use_bias: true, kernel_initializer: INITIALIZER, bias_initializer: ZEROS };
  return [
    ...lstm.map(({ kernel, recurrent, bias }, i): Layer => {
      const name = numbered('lstm', i);
      const config = {
        name,
        ...plain,
        units: kernel.columns,
        activation: 'tanh',
        recurrent_activation: 'sigmoid', // hard_sigmoid was the default once
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
      return { kind: 'LSTM', name, config, arrays: [array(kernel, false), array(recurrent, false), array(bias, true)] };
    }),
    ...[...dense, output].map(({ kernel, bias }, i): Layer => {
      const name = numbered('dense', i);
      const activation = i === dense.length ? 'sigmoid' : 'relu';
      const config = { name, ...plain, units: kernel.columns, activation };
      return { kind: 'Dense', name, config, arrays: [array(kernel, false), array(bias, true)] };
    }),
  ];
}

const inputShape = ({ kind, steps, features }: Architecture): (number | null)[] =>
  kind === 'lstm' ? [null, steps, features] : [null, features];

/**
 * The model as a Keras 3 `.keras` file: a zip of configuration and weights.
 * @example writeFileSync('beh_lstm.keras', await kerasFile(version.model)); // keras.models.load_model('beh_lstm.keras')
 * @throws NL_OPTION, NL_LAYER_UNKNOWN for an impossible architecture
 */
export async function kerasFile(model: ModelFile): Promise<Uint8Array> {
  const layers = layersOf(model);
  const shape = inputShape(model.architecture);
  const layer = (kind: string, config: object) => ({ module: 'keras.layers', class_name: kind, config, registered_name: null });
  const built = { build_config: { input_shape: shape } };
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'sequential',
      trainable: true,
      dtype: 'float32',
      layers: [
        layer('InputLayer', { batch_shape: shape, dtype: 'float32', sparse: false, name: 'input_layer' }),
        ...layers.map(({ kind, config }) => layer(kind, config)),
      ],
      build_input_shape: shape,
    },
    registered_name: null,
    ...built,
  };
  const groups = new Map<string, Attributes>();
  groups
    .set('', { [WEIGHTS_HASH]: model.sha256 })
    .set('vars', {})
    .set('layers', {});
  const arrays = new Map<string, Hdf5Array>();
  for (const { kind, name, arrays: values } of layers) {
    const at = kind === 'LSTM' ? `layers/${name}/cell/vars` : `layers/${name}/vars`;
    groups.set(`layers/${name}`, {}).set(`layers/${name}/vars`, {});
    if (kind === 'LSTM') groups.set(`layers/${name}/cell`, {}).set(at, {});
    for (const [i, value] of values.entries()) arrays.set(`${at}/${i}`, value);
  }
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  return writeZip({
    'metadata.json': json({ keras_version: KERAS_3, date_saved: '1980-01-01@00:00:00' }), // no clock: the same model gives the same text
    'config.json': json(config),
    'model.weights.h5': await writeHdf5({ groups, arrays }),
  });
}

/**
 * The model as a whole-model HDF5 file (`beh_lstm.h5`, `ann.h5`), which tf.keras 2 and Keras 3 load.
 * @throws NL_OPTION, NL_LAYER_UNKNOWN for an impossible architecture
 */
export async function kerasH5(model: ModelFile): Promise<Uint8Array> {
  const layers = layersOf(model);
  const input = { batch_input_shape: inputShape(model.architecture), dtype: 'float32', sparse: false, ragged: false, name: 'input_1' };
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
  for (const { kind, name, arrays: values } of layers) {
    const at = `model_weights/${name}`;
    const inner = kind === 'LSTM' ? `${name}/lstm_cell` : name;
    const names = (kind === 'LSTM' ? ['kernel', 'recurrent_kernel', 'bias'] : ['kernel', 'bias']).map((n) => `${inner}/${n}:0`);
    groups.set(at, { weight_names: names }).set(`${at}/${name}`, {});
    if (kind === 'LSTM') groups.set(`${at}/${inner}`, {});
    for (const [i, value] of values.entries()) arrays.set(`${at}/${names[i]}`, value);
  }
  return writeHdf5({ groups, arrays });
}
