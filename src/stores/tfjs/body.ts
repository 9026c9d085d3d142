import type { Architecture } from '../../model.js';
import type { Body, Runner } from '../../networks/body.js';
import { countOf } from '../../networks/check.js';
import type { Tf } from './engine.js';
import { openLayers, WAVE } from './layers.js';
import { trainLayers } from './train.js';

/**
 * A researcher's own layers behind the contract of a `Model`, run by TensorFlow.js.
 * @throws NL_LAYER_UNKNOWN naming the layer, NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function layersBody(tf: Tf, architecture: Architecture): Body {
  openLayers(tf, architecture).close(); // refused before anything of it is used
  return {
    architecture,
    count: countOf(architecture.layers!),
    open: () => openRunner(tf, architecture),
    train: (weights, batch, options) => trainLayers(tf, architecture, weights, batch, options),
  };
}

function openRunner(tf: Tf, architecture: Architecture): Runner {
  const live = openLayers(tf, architecture);
  const size = architecture.steps * architecture.features;
  return {
    load: live.load,
    predict(x, rows) {
      const out = new Float32Array(rows);
      for (let from = 0; from < rows; from += WAVE) {
        const n = Math.min(WAVE, rows - from);
        const part = x.slice(from * size, (from + n) * size);
        out.set(
          tf.tidy(() => tf.sigmoid(live.logits(part, n, false)).dataSync()),
          from,
        );
      }
      return out;
    },
    close: live.close,
  };
}
