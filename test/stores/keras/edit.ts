import type { ModelFile } from '../../../src/model.js';
import { type Hdf5, readHdf5, writeHdf5 } from '../../../src/stores/keras/hdf5.js';
import { kerasFile, kerasH5 } from '../../../src/stores/keras/write.js';
import { readZip } from '../../../src/stores/keras/zip.js';

/** JSON of a configuration, open for changes. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON of arbitrary depth
export type Config = any;

/** The configuration that a model is written with. */
export async function configOf(model: ModelFile): Promise<Config> {
  const parts = readZip(await kerasFile(model), ['config.json'], 'model.keras');
  return JSON.parse(Buffer.from(parts.get('config.json')!).toString());
}

/** The `.h5` of a model with its configuration changed, and its weights left as they are. */
export const withConfig = (model: ModelFile, change: (config: Config) => void): Promise<Uint8Array> =>
  rewritten(model, ({ groups, arrays }) => {
    const root = groups.get('')!;
    const config: Config = JSON.parse(String(root.model_config));
    change(config);
    return { groups: new Map(groups).set('', { ...root, model_config: JSON.stringify(config) }), arrays };
  });

/** The `.h5` of a model, read, changed and written again. */
export const rewritten = async (model: ModelFile, change: (content: Hdf5) => Hdf5): Promise<Uint8Array> =>
  writeHdf5(change(await readHdf5(await kerasH5(model), 'model.h5')));

/** The configuration as a functional Keras 3 model with Masking saves it: mask operations beside the way, histories instead of order. */
export function asFunctionalWithMask(config: Config): void {
  const layers: Config[] = config.config.layers;
  const input = layers[0].config;
  input.batch_shape ??= input.batch_input_shape;
  delete input.batch_input_shape;
  const tensor = (name: string) => ({ class_name: '__keras_tensor__', config: { dtype: 'float32', keras_history: [name, 0, 0] } });
  const after = (name: string, kwargs = {}) => [{ args: [tensor(name)], kwargs }];
  let before = 'masking';
  for (const layer of layers.slice(1)) {
    layer.inbound_nodes = after(before, layer.class_name === 'LSTM' ? { mask: tensor('any') } : {});
    before = layer.config.name;
  }
  layers[0].inbound_nodes = [];
  layers.splice(
    1,
    0,
    { class_name: 'NotEqual', config: { name: 'not_equal' }, inbound_nodes: [{ args: [tensor(input.name), 0.0], kwargs: {} }] },
    { class_name: 'Masking', config: { name: 'masking', mask_value: 0 }, inbound_nodes: after(input.name) },
    { class_name: 'Any', config: { name: 'any', axis: -1 }, inbound_nodes: after('not_equal') },
  );
  config.class_name = 'Functional';
  config.config.input_layers = [input.name, 0, 0];
  config.config.output_layers = [before, 0, 0];
}
