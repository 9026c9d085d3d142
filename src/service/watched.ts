import { basename, posix } from 'node:path';
import { NetloopError } from '../errors.js';
import type { Source } from '../source.js';
import { openSources } from '../sources/open.js';
import type { DatasetInput } from '../tracking.js';
import type { Captures } from './captures.js';
import type { SnifferRequest } from './status.js';

export interface InterfaceOptions {
  readonly filter: string | null;
  /** Ends the source: what was captured is delivered first. */
  readonly stop: AbortSignal;
}

export interface WatchOptions {
  readonly captures: Captures;
  readonly openInterface?: (name: string, options: InterfaceOptions) => Promise<Source>;
  readonly stop: AbortSignal;
}

/** What a sniffer was asked to watch: a recording, to be replayed, or an interface. */
export interface Watched {
  readonly source: Source;
  readonly datasets: readonly DatasetInput[];
  readonly name: string;
}

/** @throws NL_OPTION, NL_FILE_MISSING, NL_FILE_FORMAT, NL_RIGHTS */
export async function openWatched(
  { capture, interface: wire, filter = null }: SnifferRequest,
  { captures, openInterface, stop }: WatchOptions,
): Promise<Watched> {
  if ((capture === undefined) === (wire === undefined)) {
    throw new NetloopError('NL_OPTION', 'invalid sniffer: expected either capture or interface');
  }
  if (capture !== undefined) {
    const path = captures.find(capture);
    const { sources, datasets } = await openSources({ files: [path], sort: 'end' }, '/');
    // The record names what was asked for, not where this machine keeps it.
    const named = datasets.map((d, i): DatasetInput => {
      const label = i === 0 ? capture : posix.join(posix.dirname(capture), basename(d.name));
      return { ...d, name: label, source: label };
    });
    return { source: sources[0]!, datasets: named, name: capture };
  }
  if (!openInterface) throw new NetloopError('NL_RIGHTS', 'live capture is not available here: replay a recording with capture');
  return { source: await openInterface(wire!, { filter, stop }), datasets: [], name: wire! };
}
