import { stringify } from 'yaml';
import { checkArchitecture } from '../../networks/check.js';
import { layOut } from '../../networks/layout.js';
import type { ModelVersion } from '../../registry.js';
import { kerasFile } from '../keras/write.js';
import { tfjsJson } from '../tfjs/files.js';
import type { Files } from '../version-files.js';
import { NUMPY_LOADER } from './numpy-loader.js';

/** The MLflow and Keras whose layout the files have (test/requirements.txt), and a Python that both run on. */
const MLFLOW = '3.17.2';
const KERAS = '3.15.1';
const PYTHON = '3.11';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/**
 * A version as a model that Python loads from MLflow: `mlflow.pyfunc.load_model` by a numpy loader of its own, `mlflow.keras.load_model` by a
 * Keras file. Input is what the encoder gives (float32, rows x features or rows x steps x features), output the probability of an attack.
 * @example createFileRegistry({ dir, mirror: tracking, pages: mlflowModelFiles })
 */
export async function mlflowModelFiles({ name, version, model, parent, dataHash, run }: ModelVersion): Promise<Files> {
  // Python has no loader for a researcher's own layers: what TensorFlow.js reads, and nothing that says otherwise.
  if (model.architecture.kind === 'tfjs') return { 'data/model.json': tfjsJson(model, 'weights.bin'), 'data/weights.bin': model.weights };
  const { kind, steps, features } = model.architecture;
  const tensor = (shape: readonly number[]): string => JSON.stringify([{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape } }]);
  const description = {
    flavors: {
      keras: { data: 'data', keras_version: KERAS, keras_backend: 'jax', save_exported_model: false },
      python_function: {
        loader_module: 'netloop_model',
        code: 'code',
        data: 'data',
        python_version: PYTHON,
        env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' },
      },
    },
    mlflow_version: MLFLOW,
    model_uuid: model.sha256.slice(0, 32),
    ...(run === null ? {} : { run_id: run }),
    signature: {
      inputs: tensor(kind === 'lstm' ? [-1, steps, features] : [-1, features]),
      outputs: tensor([-1, 1]),
      params: null,
    },
    metadata: {
      netloop_model: name,
      netloop_version: version,
      netloop_parent: parent,
      data_sha256: dataHash,
      weights_sha256: model.sha256,
    },
  };
  const blocks = layOut(checkArchitecture(model.architecture)).blocks.map((b) => [b.name, b.rows, b.groups * b.columns]);
  const pip = ['mlflow>=3.0', 'numpy'];
  return {
    MLmodel: bytes(stringify(description)),
    'code/netloop_model.py': bytes(NUMPY_LOADER),
    'data/netloop.json': bytes(JSON.stringify(blocks)),
    'data/weights.bin': model.weights,
    'data/model.keras': await kerasFile(model),
    'requirements.txt': bytes(`${pip.join('\n')}\n# for mlflow.keras.load_model: keras>=3 with a backend (jax, torch or tensorflow)\n`),
    'python_env.yaml': bytes(stringify({ python: PYTHON, dependencies: ['-r requirements.txt'] })),
    'conda.yaml': bytes(stringify({ name: 'netloop', channels: ['conda-forge'], dependencies: [`python=${PYTHON}`, 'pip', { pip }] })),
  };
}
