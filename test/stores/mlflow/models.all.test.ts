import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/hash.js';
import type { Architecture } from '../../../src/model.js';
import { createModel, loadModel } from '../../../src/networks/load.js';
import { createRandom } from '../../../src/random.js';
import { kerasCopies } from '../../../src/stores/keras/versions.js';
import { mlflowModelFiles } from '../../../src/stores/mlflow/model-files.js';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../../src/stores/mlflow/tracking.js';
import { createFileRegistry } from '../../../src/stores/registry-files.js';
import type { RunStore } from '../../../src/stores/run-store.js';
import { createEmbeddedTracking } from '../../../src/stores/tracking-embedded.js';
import { draftVersion } from '../../contracts/version.js';
import { python } from '../../python.js';
import { type MlflowServer, startMlflow } from '../mlflow-server.js';

const run = promisify(execFile);
const SHAPES: Readonly<Record<'behaviour' | 'flow', Architecture>> = {
  behaviour: { kind: 'lstm', steps: 10, features: 41, units: [64, 9], dense: [32] },
  flow: { kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] },
};
const ROWS = 300;
const names = ['behaviour', 'flow'] as const;

/** Weights as after a training: biases, too, are not zero. */
function trained(architecture: Architecture, seed: number) {
  const first = createModel(architecture, { seed }).save();
  const random = createRandom(seed);
  const values = new Float32Array(first.weights.slice().buffer).map((w) => w + 0.2 * (random.next() - 0.5));
  const weights = new Uint8Array(values.buffer);
  return { ...first, weights, sha256: sha256(weights) };
}

describe.skipIf(python === null)('models that Python loads by their alias', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-models-'));
  const servers: MlflowServer[] = [];
  const expected = new Map<string, Float32Array>();

  beforeAll(async () => {
    for (const name of names) {
      const { steps, features } = SHAPES[name];
      const random = createRandom(steps);
      const x = Float32Array.from({ length: ROWS * steps * features }, () => 6 * random.next() - 3);
      writeFileSync(join(dir, `${name}.x`), x);
      writeFileSync(join(dir, `${name}.shape`), (name === 'flow' ? [ROWS, features] : [ROWS, steps, features]).join(' '));
      expected.set(name, await loadModel(trained(SHAPES[name], 7)).predict({ x, rows: ROWS, steps, features }));
    }
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function publish(tracking: RunStore, models: string): Promise<void> {
    const warnings: Error[] = [];
    const registry = createFileRegistry({
      dir: models,
      mirror: tracking,
      extras: kerasCopies,
      pages: mlflowModelFiles,
      onWarning: (warning) => warnings.push(warning),
    });
    for (const [i, name] of names.entries()) {
      const made = await tracking.start({ experiment: 'lab', name: `${name} cycle ${i}` });
      const put = (seed: number) => registry.put({ ...draftVersion(name, seed), run: made, model: trained(SHAPES[name], seed) });
      await put(6);
      await put(7);
      await registry.promote(name, 2, 'better');
    }
    expect(warnings).toEqual([]);
  }

  async function predictions(uri: string): Promise<void> {
    const { stderr } = await run(python!, [join(import.meta.dirname, 'peer.py'), uri, dir, ...names], { maxBuffer: 1 << 26 }).catch(
      (error) => {
        throw new Error(error.stderr);
      },
    );
    expect(stderr).not.toMatch(/Traceback/);
    for (const name of names) {
      for (const flavour of ['pyfunc', 'keras']) {
        const found = new Float32Array(new Uint8Array(readFileSync(join(dir, `${name}.${flavour}`))).buffer);
        expect(found).toHaveLength(ROWS);
        const worst = found.reduce((most, y, i) => Math.max(most, Math.abs(y - expected.get(name)![i]!)), 0);
        expect(worst, `${name} by ${flavour}`).toBeLessThan(1e-6);
        rmSync(join(dir, `${name}.${flavour}`));
      }
      expect(Math.max(...expected.get(name)!) - Math.min(...expected.get(name)!)).toBeGreaterThan(0.05);
    }
  }

  it('from a server that netloop logged to', { timeout: 300_000 }, async () => {
    mkdirSync(join(dir, 'server'));
    const server = await startMlflow(python!, join(dir, 'server'));
    servers.push(server);
    const tracking = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: server.uri })!);
    await publish(tracking, join(dir, 'models a'));
    await predictions(server.uri);
    tracking.close();
  });

  it('from the embedded store, served by a bare mlflow server', { timeout: 300_000 }, async () => {
    const tracking = createEmbeddedTracking(join(dir, 'embedded'));
    await publish(tracking, join(dir, 'models b'));
    const server = await startMlflow(python!, join(dir, 'embedded'));
    servers.push(server);
    await predictions(server.uri);
    tracking.close();
  });
});
