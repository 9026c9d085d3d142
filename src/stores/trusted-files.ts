import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Baselines } from '../baseline.js';
import { NetloopError } from '../errors.js';
import type { TrustedStore } from '../experiment.js';
import { sha256 } from '../hash.js';
import type { Architecture, LabelledBatch } from '../model.js';
import type { Trusted, TrustedFlows } from '../trusted.js';
import { replaceDurably } from './durable-file.js';

interface Shape {
  readonly rows: number;
  readonly steps: number;
  readonly features: number;
}
interface Manifest {
  readonly format: 'netloop-trusted-1';
  readonly golden: Shape;
  readonly goldenHash: string;
  readonly reservoir: Shape;
  readonly baselines: Baselines;
  readonly architecture: Architecture;
  readonly modelHash: string;
  /** Absent in files of an older netloop. */
  readonly origins?: Trusted['origins'];
  /** Of a behaviour learner: single flows. */
  readonly flows?: { readonly learn: Shape; readonly calibrate: Shape; readonly origins?: TrustedFlows['origins'] };
  /** SHA-256 of everything after the manifest. */
  readonly sha256: string;
}

const bytesOf = (a: Float32Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const shapeOf = ({ rows, steps, features }: LabelledBatch): Shape => ({ rows, steps, features });

/** Golden sets and reservoirs on disk: one file a learner, a line of JSON and then the numbers. Encoded features and labels only. */
export function createTrustedFiles(dir: string): TrustedStore {
  const fileOf = (name: string): string => join(dir, `${name}.trusted`);
  return {
    async save(name, trusted) {
      const { golden, goldenHash, reservoir, baselines, first, origins, flows } = trusted;
      const batches = [golden, reservoir, ...(flows ? [flows.learn, flows.calibrate] : [])];
      const body = Buffer.concat(batches.flatMap(({ x, y }) => [bytesOf(x), bytesOf(y)]).concat(first.weights));
      const manifest: Manifest = {
        format: 'netloop-trusted-1',
        golden: shapeOf(golden),
        goldenHash,
        reservoir: shapeOf(reservoir),
        baselines,
        architecture: first.architecture,
        modelHash: first.sha256,
        origins,
        ...(flows && { flows: { learn: shapeOf(flows.learn), calibrate: shapeOf(flows.calibrate), origins: flows.origins } }),
        sha256: sha256(body),
      };
      mkdirSync(dir, { recursive: true });
      replaceDurably(fileOf(name), Buffer.concat([Buffer.from(`${JSON.stringify(manifest)}\n`), body]));
    },
    async load(name) {
      const file = fileOf(name);
      if (!existsSync(file)) return null;
      const bytes = readFileSync(file);
      const end = bytes.indexOf(10);
      const damaged = (): NetloopError =>
        new NetloopError('NL_MODEL_CORRUPT', `${file}: golden set damaged; delete it to go on without one`, { where: { file } });
      if (end < 0) throw damaged();
      const manifest = JSON.parse(bytes.subarray(0, end).toString()) as Manifest;
      const body = bytes.subarray(end + 1);
      if (manifest.format !== 'netloop-trusted-1' || sha256(body) !== manifest.sha256) throw damaged();
      let at = 0;
      const floats = (n: number): Float32Array => {
        const part = new Float32Array(body.buffer.slice(body.byteOffset + at, body.byteOffset + at + 4 * n));
        at += 4 * n;
        return part;
      };
      const batch = (s: Shape): LabelledBatch => ({ ...s, x: floats(s.rows * s.steps * s.features), y: floats(s.rows) });
      const golden = batch(manifest.golden);
      const reservoir = batch(manifest.reservoir);
      const single = manifest.flows;
      const flows = single && { ...single, learn: batch(single.learn), calibrate: batch(single.calibrate) };
      const weights = Uint8Array.from(body.subarray(at));
      const first: Trusted['first'] = {
        format: 'netloop-model-1',
        architecture: manifest.architecture,
        weights,
        sha256: manifest.modelHash,
      };
      const { goldenHash, baselines, origins } = manifest;
      return { golden, goldenHash, reservoir, baselines, first, ...(origins && { origins }), ...(flows && { flows }) };
    },
  };
}
