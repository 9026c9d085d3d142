import type { Command } from 'commander';
import { NetloopError, number } from '../errors.js';
import type { Source } from '../source.js';
import { openLive } from '../sources/live.js';
import { interruptSignal } from './interrupt.js';
import { numeric } from './number-option.js';
import { openFiles, type SourceFlags } from './source-options.js';

/** Options of commands that also read a network interface. */
export function addWireOptions(command: Command): Command {
  return command
    .option('--interface <name>', 'capture on this network interface instead of reading files (also live:NAME in place of a file)')
    .option('--filter <expression>', 'capture only this, as tcpdump has it: "tcp port 22"')
    .option('--seconds <n>', 'end the capture after so long; default: at Ctrl-C', numeric('seconds'));
}

export interface WireFlags extends SourceFlags {
  readonly interface?: string;
  readonly filter?: string;
  readonly seconds?: number;
}

const WIRE = 'live:';

/** Files or one interface; `signal` cancels reading. Ctrl-C cancels files, but ends a capture in order, with what was seen. */
export interface OpenTraffic {
  readonly sources: readonly Source[];
  readonly live: boolean;
  readonly signal: AbortSignal;
}

/**
 * Opens what a command line names, before any of it is read.
 * @throws what `openFiles` and `openLive` throw; NL_OPTION when nothing, or an interface and something else is named
 */
export async function openTraffic(files: readonly string[], flags: WireFlags): Promise<OpenTraffic> {
  const { interface: named, filter, seconds } = flags;
  const wires = [...(named === undefined ? [] : [named]), ...files.filter((f) => f.startsWith(WIRE)).map((f) => f.slice(WIRE.length))];
  const [wire] = wires;
  if (wire === undefined) {
    for (const [option, value] of Object.entries({ filter, seconds })) {
      if (value !== undefined) throw new NetloopError('NL_OPTION', `invalid --${option}: it is for a capture; add --interface NAME`);
    }
    if (files.length === 0)
      throw new NetloopError('NL_OPTION', "missing required argument 'file': name a file (- is standard input), or --interface NAME");
    return { sources: await openFiles(files, flags), live: false, signal: interruptSignal() };
  }
  if (wires.length > 1 || files.some((file) => !file.startsWith(WIRE))) {
    throw new NetloopError('NL_OPTION', 'an interface is read alone; name one interface, or files');
  }
  if (flags.user !== undefined) {
    throw new NetloopError('NL_NO_USER', `an interface has no columns, so none is called ${flags.user}; leave it out to use addresses`);
  }
  const milliseconds = seconds === undefined ? null : number('--seconds', seconds, { min: 0.1, max: 2_000_000 }) * 1000;
  // Not AbortSignal.any and .timeout: Node 20 collects a timeout as garbage that only such a combination listens to.
  const end = new AbortController();
  interruptSignal().addEventListener('abort', () => end.abort(), { once: true });
  const source = await openLive({
    interface: wire,
    filter,
    stop: end.signal,
    onNotice: (notice) => process.stderr.write(`${notice}\n`),
  });
  if (milliseconds !== null) setTimeout(() => end.abort(), milliseconds).unref();
  process.stderr.write(`capturing on ${wire}${seconds === undefined ? '; Ctrl-C ends it' : ` for ${seconds} s`}\n`);
  return { sources: [source], live: true, signal: new AbortController().signal };
}
