import { createRequire } from 'node:module';
import type * as Tfjs from '@tensorflow/tfjs';
import { NetloopError } from '../../errors.js';
import { runLayersBy } from '../../networks/load.js';
import { layersBody } from './body.js';

/** TensorFlow.js, whichever build of it. */
export type Tf = typeof Tfjs;

const load = createRequire(import.meta.url);
let tf: Tf | null = null;

/**
 * TensorFlow.js, loaded when a model first needs it: tfjs-node where NETLOOP_TFJS_NODE names a folder in which it was built, else tfjs on
 * the processor.
 * @throws NL_RIGHTS when it cannot be loaded
 */
export function loadTfjs(): Tf {
  if (tf) return tf;
  try {
    tf = load('@tensorflow/tfjs-node') as Tf;
  } catch (cause) {
    const folder = process.env.NETLOOP_TFJS_NODE;
    const advice = folder ? `unset NETLOOP_TFJS_NODE (${folder}) to go without tfjs-node` : 'install it with npm ci';
    throw new NetloopError('NL_RIGHTS', `TensorFlow.js cannot be loaded: ${(cause as Error).message}; ${advice}`, { cause });
  }
  tf.enableProdMode(); // else it advertises tfjs-node on stderr
  return tf;
}

// Whoever reads or makes files of kind `tfjs` imports this room, and so can load them.
runLayersBy((architecture) => layersBody(loadTfjs(), architecture));
