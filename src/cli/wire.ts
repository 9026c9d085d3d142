import type { Command } from 'commander';
import { NetloopError, number } from '../errors.js';
import type { Source } from '../source.js';
import { openGrowing } from '../sources/follow.js';
import { openLive } from '../sources/live.js';
import { interruptSignal } from './interrupt.js';
import { numeric } from './number-option.js';
import { openFiles, type SourceFlags } from './source-options.js';

/** Options of commands that also read a network interface. */
export function addWireOptions(command: Command): Command {
  return command
    .option('--interface <name>', 'capture on this network interface instead of reading files (also live:NAME in place of a file)')
    .option('--filter <expression>', 'capture only this, as tcpdump has it: "tcp port 22"')
    .option('--follow', 'read on while another program adds to the capture file')
    .option('--seconds <n>', 'end the capture, or following, after so long; default: at Ctrl-C', numeric('seconds'));
}

export interface WireFlags extends SourceFlags {
  readonly interface?: string;
  readonly filter?: string;
  readonly follow?: boolean;
  readonly seconds?: number;
}

const WIRE = 'live:';

/** Files, or one interface or growing file; `signal` cancels reading. Ctrl-C cancels files, but ends what is live in order. */
export interface OpenTraffic {
  readonly sources: readonly Source[];
  readonly live: boolean;
  readonly signal: AbortSignal;
}

const refuse = (message: string): never => {
  throw new NetloopError('NL_OPTION', message);
};

/** The interface that a command line names, if it does. @throws NL_OPTION when it names something else as well */
function wireOf(files: readonly string[], { interface: named }: WireFlags): string | null {
  const wires = [...(named === undefined ? [] : [named]), ...files.filter((f) => f.startsWith(WIRE)).map((f) => f.slice(WIRE.length))];
  if (wires.length > 1 || (wires.length === 1 && files.some((file) => !file.startsWith(WIRE)))) {
    refuse('an interface is read alone; name one interface, or files');
  }
  return wires[0] ?? null;
}

/** Ends at Ctrl-C or after so many seconds, counted from `start`. */
function createEnd(seconds: number | undefined): { readonly signal: AbortSignal; readonly start: () => void } {
  const milliseconds = seconds === undefined ? null : number('--seconds', seconds, { min: 0.1, max: 2_000_000 }) * 1000;
  // Not AbortSignal.any and .timeout: Node 20 collects a timeout as garbage that only such a combination listens to.
  const end = new AbortController();
  interruptSignal().addEventListener('abort', () => end.abort(), { once: true });
  return {
    signal: end.signal,
    start: () => void (milliseconds !== null && setTimeout(() => end.abort(), milliseconds).unref()),
  };
}

/**
 * Opens what a command line names, before any of it is read.
 * @throws what `openFiles`, `openGrowing` and `openLive` throw; NL_OPTION for options that do not go together, or nothing to read
 */
export async function openTraffic(files: readonly string[], flags: WireFlags): Promise<OpenTraffic> {
  const { filter, seconds, follow } = flags;
  const wire = wireOf(files, flags);
  if (wire === null && files.length === 0) {
    refuse("missing required argument 'file': name a file (- is standard input), or --interface NAME");
  }
  if (wire === null && filter !== undefined) refuse('invalid --filter: it is for a capture; add --interface NAME');
  if (wire === null && !follow) {
    if (seconds !== undefined) refuse('invalid --seconds: it is for a capture; add --interface NAME, or --follow');
    return { sources: await openFiles(files, flags), live: false, signal: interruptSignal() };
  }
  if (flags.user !== undefined) {
    throw new NetloopError('NL_NO_USER', `a packet capture has no columns, so none is called ${flags.user}; leave it out to use addresses`);
  }
  if (follow && (wire !== null || files.length > 1 || files[0] === '-')) refuse('invalid --follow: name one capture file');
  const end = createEnd(seconds);
  const onNotice = (notice: string): void => void process.stderr.write(`${notice}\n`);
  const source =
    wire === null
      ? await openGrowing(files[0]!, { stop: end.signal })
      : await openLive({ interface: wire, filter, stop: end.signal, onNotice });
  const until = seconds === undefined ? '; Ctrl-C ends it' : ` for ${seconds} s`;
  onNotice(`${wire === null ? 'following' : 'capturing on'} ${source.name}${until}`);
  end.start();
  return { sources: [source], live: wire !== null, signal: new AbortController().signal };
}
