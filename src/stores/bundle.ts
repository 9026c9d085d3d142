import { unzipSync, zipSync } from 'fflate';
import { NetloopError } from '../errors.js';
import { canonical, sha256 } from '../hash.js';
import type { ModelName } from '../registry.js';
import type { RunInfo } from '../tracking.js';
import { chosen, type RunSource } from './copy-runs.js';
import type { MetricPoint } from './run-store.js';
import type { Files } from './version-files.js';

/** One model version in a bundle: its folder, as the registry keeps it. */
export interface BundledModel {
  readonly name: ModelName;
  readonly version: number;
  readonly files: Files;
}

/** Runs with everything that belongs to them, out of a bundle whose every byte has been checked. */
export interface Bundle extends RunSource {
  readonly models: readonly BundledModel[];
}

interface Manifest {
  readonly format: 'netloop-runs-1';
  readonly runs: readonly string[];
  readonly models: readonly { readonly name: ModelName; readonly version: number }[];
  /** SHA-256 of each part, hex. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of the canonical JSON of all fields above. */
  readonly seal: string;
}

interface BundledRun {
  readonly info: RunInfo;
  /** JSON has no NaN and no infinity, so values travel as text where they are one. */
  readonly history: Readonly<Record<string, readonly (readonly [step: number, timestamp: number, value: number | string])[]>>;
}

const FORMAT = 'netloop-runs-1';
const MANIFEST = 'bundle.json';
/** What a bundle may unpack to. */
const MOST_BYTES = 2 ** 31;
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const asNumber = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
const numbers = (metrics: Readonly<Record<string, number | string>>): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, Number(value)]));

/** A run with its histories and files, by the bundle's paths. */
async function partsOf(from: RunSource, run: RunInfo): Promise<Record<string, Uint8Array>> {
  const history: Record<string, BundledRun['history'][string]> = {};
  for (const key of Object.keys(run.metrics)) {
    history[key] = (await from.history(run.id, key)).map(({ step, timestamp, value }) => [step, timestamp, asNumber(value)]);
  }
  const metrics = Object.fromEntries(Object.entries(run.metrics).map(([key, value]) => [key, asNumber(value)]));
  const parts: Record<string, Uint8Array> = { [`runs/${run.id}/run.json`]: json({ info: { ...run, metrics }, history }) };
  for (const path of await from.artifacts(run.id)) parts[`runs/${run.id}/files/${path}`] = await from.readArtifact(run.id, path);
  return parts;
}

/**
 * Runs, what is nested in them and model versions as one zip, each part named with its hash.
 * The same runs give the same bytes. Held in memory: at most 2 GiB.
 * @throws NL_RUN_UNKNOWN when none of the runs is there
 */
export async function writeBundle(from: RunSource, only: readonly string[], models: readonly BundledModel[] = []): Promise<Uint8Array> {
  const runs = chosen(await from.runs({ limit: 1_000_000 }), only);
  if (runs.length === 0)
    throw new NetloopError('NL_RUN_UNKNOWN', `no run ${only.join(', ')} in the tracking store; netloop runs lists them`);
  const parts: Record<string, Uint8Array> = {};
  for (const run of runs) Object.assign(parts, await partsOf(from, run));
  for (const { name, version, files } of models) {
    for (const [file, bytes] of Object.entries(files)) parts[`models/${name}/${version}/${file}`] = bytes;
  }
  const body = {
    format: FORMAT as typeof FORMAT,
    runs: runs.map(({ id }) => id),
    models: models.map(({ name, version }) => ({ name, version })),
    files: Object.fromEntries(Object.entries(parts).map(([path, bytes]) => [path, sha256(bytes)])),
  };
  const manifest: Manifest = { ...body, seal: sha256(canonical(body)) };
  return zipSync({ [MANIFEST]: json(manifest), ...parts }, { level: 6, mtime: new Date(1980, 0, 1) });
}

/** Checks every hash before anything is given out. */
function checkedParts(bytes: Uint8Array, file: string): { manifest: Manifest; parts: Readonly<Record<string, Uint8Array>> } {
  const corrupt = (what: string, cause?: unknown): NetloopError =>
    new NetloopError('NL_FILE_CORRUPT', `${file} is damaged or was changed: ${what}; export it again`, { cause, where: { file } });
  let parts: Record<string, Uint8Array>;
  let manifest: Manifest;
  try {
    let total = 0;
    parts = unzipSync(bytes, {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (total > MOST_BYTES) throw new Error(`it would unpack to more than ${MOST_BYTES} bytes`);
        return true;
      },
    });
    manifest = JSON.parse(Buffer.from(parts[MANIFEST] ?? '').toString('utf8')) as Manifest;
  } catch (cause) {
    throw corrupt(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { seal, ...body } = manifest;
  if (seal !== sha256(canonical(body))) throw corrupt(`${MANIFEST} does not match its seal`);
  if (body.format !== FORMAT) {
    throw new NetloopError(
      'NL_FILE_FORMAT',
      `${file} has format ${String(body.format)}, expected ${FORMAT}: take the netloop that wrote it`,
      {
        where: { file },
      },
    );
  }
  for (const [path, hash] of Object.entries(body.files)) {
    const part = parts[path];
    if (!part || sha256(part) !== hash) throw corrupt(`${path} ${part ? 'does not match its hash' : 'is missing'}`);
  }
  const stray = Object.keys(parts).find((path) => path !== MANIFEST && body.files[path] === undefined);
  if (stray !== undefined) throw corrupt(`${stray} is not listed in ${MANIFEST}`);
  return { manifest, parts };
}

/**
 * Reads a bundle that `writeBundle` made.
 * @throws NL_FILE_CORRUPT naming the part that is damaged, missing, changed or added; NL_FILE_FORMAT for another version of the format
 */
export function readBundle(bytes: Uint8Array, file: string): Bundle {
  const { manifest, parts } = checkedParts(bytes, file);
  const under = (prefix: string): Record<string, Uint8Array> =>
    Object.fromEntries(
      Object.entries(parts).flatMap(([path, part]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), part]] : [])),
    );
  const runs = new Map(
    manifest.runs.map((id) => [id, JSON.parse(Buffer.from(parts[`runs/${id}/run.json`]!).toString('utf8')) as BundledRun]),
  );
  return {
    models: manifest.models.map(({ name, version }) => ({ name, version, files: under(`models/${name}/${version}/`) })),
    runs: async () => [...runs.values()].map(({ info }) => ({ ...info, metrics: numbers(info.metrics) })),
    history: async (run, key) =>
      (runs.get(run)?.history[key] ?? []).map(([step, timestamp, value]): MetricPoint => ({ step, timestamp, value: Number(value) })),
    artifacts: async (run) => Object.keys(under(`runs/${run}/files/`)).sort(),
    readArtifact: async (run, path) => parts[`runs/${run}/files/${path}`]!,
  };
}
