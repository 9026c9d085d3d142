import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Step } from '../detector.js';
import { NetloopError } from '../errors.js';
import { forgetSteps, type KeptWindow, type WindowStore } from '../kept-window.js';
import { syncFolder } from './durable-file.js';
import { storeError } from './store-error.js';

const FORMAT = 'netloop-window-1';
/** Flows a piece: compressed beside the event loop, a few milliseconds of it each. */
const PIECE = 500;
const [pack, unpack] = [promisify(gzip), promisify(gunzip)];

type Head = Omit<KeptWindow, 'steps'> & { readonly format: string };
interface Tail {
  readonly flows: number;
  /** Of all lines before, hex. */
  readonly sha256: string;
}

/** The last line, null where it is none: the file was cut between two pieces. */
function tailOf(line: string): Tail | null {
  try {
    const tail = JSON.parse(line) as Partial<Tail> | null;
    return typeof tail?.sha256 === 'string' ? (tail as Tail) : null;
  } catch {
    return null;
  }
}

/**
 * Windows in a folder, one file a cycle: `<run>/<learner>-<number>.jsonl.gz`, a line for the settings, one a flow, one for the count and
 * the hash. Written beside the event loop, in pieces, and renamed when whole.
 * @throws NL_STORE_WRITE
 */
export function createKeptWindows(dir: string): WindowStore {
  const fileOf = (run: string, learner: string, number: number): string => join(dir, run, `${learner}-${number}.jsonl.gz`);

  async function write(file: string, { steps, ...head }: KeptWindow): Promise<void> {
    const draft = `${file}.${process.pid}.next`;
    try {
      mkdirSync(dirname(file), { recursive: true });
      const handle = await open(draft, 'w');
      try {
        const hash = createHash('sha256');
        const put = async (text: string): Promise<void> => {
          hash.update(text);
          await handle.appendFile(await pack(text)); // gzip files may follow one another in one file
        };
        await put(`${JSON.stringify({ format: FORMAT, ...head } satisfies Head)}\n`);
        for (let at = 0; at < steps.length; at += PIECE) {
          const lines = steps.slice(at, at + PIECE).map((step) => JSON.stringify(step));
          await put(`${lines.join('\n')}\n`);
          await turn();
        }
        const tail: Tail = { flows: steps.length, sha256: hash.digest('hex') };
        await handle.appendFile(await pack(`${JSON.stringify(tail)}\n`));
        await handle.sync();
      } finally {
        await handle.close();
      }
      renameSync(draft, file);
      syncFolder(dirname(file));
    } catch (error) {
      rmSync(draft, { force: true });
      throw storeError(file, error);
    }
  }

  async function load(file: string): Promise<KeptWindow> {
    const damaged = (what: string, cause?: unknown): NetloopError =>
      new NetloopError('NL_FILE_CORRUPT', `${file}: the kept window is damaged (${what}); its cycle cannot be run again`, {
        cause,
        where: { file },
      });
    let text: string;
    try {
      text = (await unpack(readFileSync(file))).toString('utf8');
    } catch (cause) {
      throw damaged('it does not unpack', cause);
    }
    const end = text.lastIndexOf('\n', text.length - 2) + 1;
    const tail = tailOf(text.slice(end));
    if (!tail) throw damaged('its last line is none');
    if (createHash('sha256').update(text.slice(0, end)).digest('hex') !== tail.sha256) throw damaged('its hash differs');
    const [first = '', ...lines] = text.slice(0, end).trimEnd().split('\n');
    const { format, ...head } = JSON.parse(first) as Head;
    if (format !== FORMAT) throw new NetloopError('NL_STORE_LAYOUT', `${file} has format ${format}, this netloop reads ${FORMAT}`);
    const steps: Step[] = [];
    for (const line of lines) {
      steps.push(JSON.parse(line) as Step);
      if (steps.length % PIECE === 0) await turn();
    }
    return { ...head, steps };
  }

  /** When the windows began, as far as they have been read: retention asks after every cycle. */
  const begun = new Map<string, number>();
  const filesIn = (folder: string): string[] =>
    (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('.jsonl.gz')).map((name) => join(folder, name));

  return {
    keep: (run, window) => write(fileOf(run, window.learner, window.number), window),
    async read(run, learner, number) {
      const file = fileOf(run, learner, number);
      return existsSync(file) ? load(file) : null;
    },
    async forget(filter, { dryRun = false } = {}) {
      let rows = 0;
      let windows = 0;
      for (const run of existsSync(dir) ? readdirSync(dir) : []) {
        for (const file of filesIn(join(dir, run))) {
          if (filter.until !== undefined && (begun.get(file) ?? 0) >= filter.until) continue;
          const window = await load(file);
          begun.set(file, window.window.from);
          const left = forgetSteps(window, filter);
          rows += left.rows;
          if (left.window === null) windows++;
          if (dryRun || left.rows === 0) continue;
          if (left.window === null) rmSync(file);
          else await write(file, left.window);
        }
        if (!dryRun && existsSync(join(dir, run)) && readdirSync(join(dir, run)).length === 0) rmdirSync(join(dir, run));
      }
      return { rows, windows };
    },
  };
}
