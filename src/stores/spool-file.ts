import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { appendDurably, writeDurably } from './durable-file.js';
import { alive } from './process-alive.js';
import { storeError } from './store-error.js';

/** An append-only file of JSON lines, with the bytes that some of them speak of beside it. */
export interface SpoolFile {
  /** Entries appended and not yet taken. */
  pending(): number;
  /** Size on disk, of lines and kept bytes. */
  bytes(): number;
  /** Keeps the line for good before it returns. @throws NL_STORE_WRITE */
  append(line: string): void;
  /** Keeps bytes; gives the name to read them by. */
  keep(bytes: Uint8Array | string): string;
  read(name: string): Uint8Array;
  /** The oldest lines not yet taken, one at least when any is pending. */
  peek(): readonly string[];
  /** Passes on by so many lines of the last `peek`; when none is left the file is removed. */
  take(lines?: number): void;
  /** Leaves what is pending to the next process. */
  release(): void;
}

// <owner's pid, 0 for nobody>.<base>.jsonl, where base sorts by time; its bytes lie in <base>.files.
const NAME = /^(\d+)\.(\d{15}-(\d+)-[0-9a-f]+)\.jsonl$/;
const FILES = /^(\d{15}-(\d+)-[0-9a-f]+)\.files$/;
const NOBODY = '0';
const CHUNK = 1 << 20;

const entriesOf = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir).sort() : []);

/**
 * A new, empty spool file of this process; nothing is written until something is appended.
 * `sync` makes every line survive a power cut; without it, a killed process.
 */
export function createSpoolFile(dir: string, now: number, { sync = true }: { readonly sync?: boolean } = {}): SpoolFile {
  return openSpoolFile(dir, `${String(now).padStart(15, '0')}-${process.pid}-${randomBytes(4).toString('hex')}`, sync);
}

/** Takes over what dead processes left, oldest first. A rename is the claim: two that try get it once. */
export function adoptSpoolFiles(dir: string): SpoolFile[] {
  const names = entriesOf(dir);
  const bases = new Set(names.map((name) => NAME.exec(name)?.[2]));
  for (const name of names) {
    const [, base, pid] = FILES.exec(name) ?? [];
    if (base !== undefined && !bases.has(base) && !alive(Number(pid))) rmSync(join(dir, name), { recursive: true, force: true });
  }
  return names.flatMap((name) => {
    const [, owner, base] = NAME.exec(name) ?? [];
    if (owner === undefined || base === undefined || (owner !== NOBODY && alive(Number(owner)))) return [];
    try {
      renameSync(join(dir, name), join(dir, `${process.pid}.${base}.jsonl`));
    } catch {
      return [];
    }
    return [openSpoolFile(dir, base)];
  });
}

function openSpoolFile(dir: string, base: string, sync = true): SpoolFile {
  const file = join(dir, `${process.pid}.${base}.jsonl`);
  const folder = join(dir, `${base}.files`);
  let kept = existsSync(folder) ? readdirSync(folder).length : 0;
  let offset = 0;
  let buffered: string[] = [];
  // A line without its end was never acknowledged: its writer was killed.
  let size = existsSync(file) ? statSync(file).size : 0;
  let pending = existsSync(file) ? readFileSync(file, 'latin1').split('\n').length - 1 : 0;

  // Without syncing, opening the file would be most of the work: it stays open.
  let held: number | null = null;
  function append(line: string): void {
    if (held === null) mkdirSync(dir, { recursive: true });
    if (sync) appendDurably(file, line);
    else {
      held ??= openSync(file, 'a');
      appendFileSync(held, line);
    }
  }
  function letGo(): void {
    if (held !== null) closeSync(held);
    held = null;
  }

  /** Reads whole lines from `offset` on, at least one when one is pending. */
  function fill(): void {
    const fd = openSync(file, 'r');
    try {
      const left = fstatSync(fd).size - offset;
      for (let chunk = Math.min(CHUNK, left); ; chunk = Math.min(chunk * 2, left)) {
        const bytes = Buffer.alloc(chunk);
        const read = readSync(fd, bytes, 0, chunk, offset);
        const end = bytes.subarray(0, read).lastIndexOf(10) + 1;
        if (end === 0 && chunk < left) continue;
        buffered = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
        return;
      }
    } finally {
      closeSync(fd);
    }
  }

  return {
    pending: () => pending,
    bytes: () => size,
    append: (entry) => {
      const line = `${entry}
`;
      try {
        append(line);
      } catch (error) {
        throw storeError(file, error);
      }
      size += line.length;
      pending++;
    },
    keep: (bytes) => {
      const name = String(++kept);
      try {
        mkdirSync(folder, { recursive: true });
        writeDurably(join(folder, name), bytes);
        size += bytes.length;
      } catch (error) {
        throw storeError(join(folder, name), error);
      }
      return name;
    },
    read: (name) => new Uint8Array(readFileSync(join(folder, name))),
    peek: () => {
      if (pending > 0 && buffered.length === 0) fill();
      return buffered;
    },
    take: (lines = 1) => {
      for (const line of buffered.splice(0, lines)) offset += Buffer.byteLength(line) + 1;
      pending -= lines;
      if (pending > 0) return;
      letGo();
      rmSync(file, { force: true });
      rmSync(folder, { recursive: true, force: true });
      offset = 0;
      kept = 0;
      size = 0;
    },
    release: () => {
      letGo();
      if (pending > 0) renameSync(file, join(dir, `${NOBODY}.${base}.jsonl`));
      pending = 0;
    },
  };
}
