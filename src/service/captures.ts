import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NetloopError } from '../errors.js';

/** Recordings the service may replay, by name. A request only ever names one of them: no path from a request is opened. */
export interface Captures {
  /** Sorted; at most 1000. */
  names(): readonly string[];
  /** @throws NL_FILE_MISSING */
  find(name: string): string;
}

const RECORDING = /\.(pcap|pcapng|cap|log|binetflow)(\.(gz|xz|zst))?$/;
const MOST = 1000;
const DEEPEST = 4;

/**
 * Finds recordings in folders, links passed by.
 * @example createCaptures({ lab: 'datasets/lab' }).names()  // ['lab/day1/capture.pcap.xz', …]
 */
export function createCaptures(folders: Readonly<Record<string, string>>): Captures {
  const look = (name: string, dir: string, depth: number): [name: string, path: string][] => {
    try {
      return readdirSync(dir, { withFileTypes: true }).flatMap((entry): [string, string][] => {
        const path = join(dir, entry.name);
        if (entry.isDirectory()) return depth < DEEPEST ? look(`${name}/${entry.name}`, path, depth + 1) : [];
        return entry.isFile() && RECORDING.test(entry.name) ? [[`${name}/${entry.name}`, path]] : [];
      });
    } catch {
      return []; // a folder that is not there holds no recordings
    }
  };
  const found = (): Map<string, string> =>
    new Map(
      Object.entries(folders)
        .flatMap(([name, dir]) => look(name, dir, 0))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, MOST),
    );
  return {
    names: () => [...found().keys()],
    find(name) {
      const path = found().get(name);
      if (path !== undefined) return path;
      throw new NetloopError(
        'NL_FILE_MISSING',
        `no recording ${JSON.stringify(name)}: GET /sniffer/captures lists those that can be replayed`,
      );
    },
  };
}
