import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { NetloopError } from '../errors.js';
import type { Source } from '../source.js';
import type { DatasetInput } from '../tracking.js';
import { createBinetflowSource } from './binetflow.js';
import { openBytes } from './compressed.js';
import { excerpt } from './excerpt.js';
import { createTruth } from './flow-truth.js';
import { hashFile } from './hash-file.js';
import { openLive } from './live.js';
import { createKddSource } from './nsl-kdd.js';
import { openCapture } from './pcap-file.js';
import { recogniseFile, type SourceKind } from './recognise.js';
import { sortFlows } from './sort-flows.js';
import type { Background } from './truth.js';
import { createUnswSource } from './unsw.js';
import { createZeekSource } from './zeek-log.js';

export interface SourceOptions {
  /** What the file holds, where its content or name shall not decide. */
  readonly kind?: SourceKind;
  /** Column of a record file whose value becomes `user_id`. Captures have none. */
  readonly user?: string | null;
  /** What rows labelled Background count as; default 'benign'. */
  readonly background?: Background;
  /** A capture's truth file; default: the one beside it, if there is one (`truth.tsv` or `<capture>.truth.tsv`, also compressed). */
  readonly truth?: string;
  /** Order of flow records: as stored (default) or by end time (`sortFlows`). */
  readonly sort?: 'file' | 'end';
  /** NSL-KDD and KDD-99: capture time from one row to the next, microseconds; default one second. */
  readonly rowMicros?: number;
}

/**
 * A file of traffic as a source, whatever kind netloop reads: told by its content. '-' is a capture on standard input,
 * 'live:eth0' the network interface eth0 (`openLive` has its options).
 * @throws NL_FILE_FORMAT that says what the file seems to be, NL_FILE_MISSING, NL_FILE_EMPTY; NL_NO_USER for a capture with `user`
 *   (a record file's columns are checked when it is read)
 * @example const source = await openSource('conn.log.gz', { sort: 'end' })
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  if (path.startsWith('live:')) return openLive({ interface: path.slice(5) });
  const kind = options.kind ?? (path === '-' ? 'capture' : await recogniseFile(path));
  const user = options.user ?? undefined;
  const { background, rowMicros } = options;
  if (kind === 'capture') {
    if (user !== undefined) throw noColumns(path, user);
    return withTruth(await openCapture(path), options.truth ?? truthBeside(path));
  }
  const source =
    kind === 'zeek'
      ? createZeekSource(path, { user, background })
      : kind === 'binetflow'
        ? createBinetflowSource(path, { user, background })
        : kind === 'unsw'
          ? createUnswSource(path, { user })
          : createKddSource(path, { user, rowMicros });
  return options.sort === 'end' ? sortFlows(source) : source;
}

/** `day1/capture.pcap.xz` has its truth in `day1/truth.tsv`, `day1/x.pcap` in `day1/x.truth.tsv`; either may be compressed. */
function truthBeside(path: string): string | null {
  const [name = ''] = basename(path).split('.');
  const stem = name === 'capture' ? 'truth.tsv' : `${name}.truth.tsv`;
  return ['', '.xz', '.gz', '.zst'].map((end) => join(dirname(path), stem + end)).find((file) => existsSync(file)) ?? null;
}

async function withTruth(source: Source, file: string | null): Promise<Source> {
  if (file === null) return source;
  const { chunks } = await openBytes(file);
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return { ...source, labelOf: createTruth(Buffer.concat(parts).toString(), file).labelOf };
}

const noColumns = (path: string, user: string) =>
  new NetloopError('NL_NO_USER', `${path}: a packet capture has no columns, so none is called ${user}; leave it out to use addresses`, {
    where: { file: path, column: user },
  });

/** The part of an experiment that says where traffic comes from. */
export interface SourceSpec {
  readonly files: readonly string[];
  /** Truth files of captures, in the order of `files`. */
  readonly truth?: readonly string[];
  readonly user?: string | null;
  readonly background?: Background;
  readonly sort?: 'file' | 'end';
  /** Capture time to read of each file, from its beginning; null or absent: all of it. */
  readonly seconds?: number | null;
}

/**
 * Every file of an experiment as a source, in order, with the hash of each as stored; a capture's truth file is an input as well. Relative names are relative to `dir`.
 * @throws what `openSource` throws, before anything is read
 */
export async function openSources(
  spec: SourceSpec,
  dir: string,
): Promise<{ sources: readonly Source[]; datasets: readonly DatasetInput[] }> {
  const sources: Source[] = [];
  const datasets: DatasetInput[] = [];
  for (const [i, file] of spec.files.entries()) {
    const path = resolve(dir, file);
    const { user, background, sort } = spec;
    const named = spec.truth?.[i];
    const truth = named === undefined ? truthBeside(path) : resolve(dir, named);
    const source = await openSource(path, { user, background, sort, truth: truth ?? undefined });
    sources.push(spec.seconds == null ? source : excerpt(source, { seconds: spec.seconds }));
    datasets.push({ name: file, sha256: await hashFile(path), source: file });
    if (truth !== null && source.labelOf) {
      const name = named ?? join(dirname(file), basename(truth));
      datasets.push({ name, sha256: await hashFile(truth), source: name });
    }
  }
  return { sources, datasets };
}
