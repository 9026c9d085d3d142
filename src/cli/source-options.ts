import { type Command, Option } from 'commander';
import { zeekTimeouts } from '../assemble.js';
import { NetloopError } from '../errors.js';
import type { Source } from '../source.js';
import { openSource } from '../sources/open.js';
import type { TrafficOptions } from '../traffic.js';
import { numeric } from './number-option.js';

/** Options of every command that reads traffic. */
export function addSourceOptions(command: Command): Command {
  return command
    .option('--user <column>', 'column that names the user')
    .addOption(new Option('--view <view>', 'when flows end').choices(['zeek', 'five-tuple']).default('zeek'))
    .addOption(new Option('--checksums <mode>', 'packets with a wrong checksum').choices(['check', 'offload', 'ignore']))
    .option('--idle <seconds>', 'silence that ends a flow', numeric('idle'))
    .option('--active <seconds>', 'age at which a flow is cut', numeric('active'));
}

export interface SourceFlags {
  readonly user?: string;
  readonly view: 'zeek' | 'five-tuple';
  readonly checksums?: 'check' | 'offload' | 'ignore';
  readonly idle?: number;
  readonly active?: number;
}

/** As Zeek does (its time-outs, its checksums) where flows are what is asked for; the loop's (idle 120 s, active 1,800 s) for detection. */
export const trafficOptions = ({ view, checksums, idle, active }: SourceFlags, zeeks = false): TrafficOptions => ({
  view,
  idle,
  active,
  checksums: checksums ?? (zeeks && view === 'zeek' ? 'check' : 'offload'),
  ...(zeeks && view === 'zeek' ? { timeouts: zeekTimeouts } : {}),
});

/**
 * Every file as a source, in order, before any of them is read: a wrong name among many costs nothing.
 * @throws what `openSource` throws; NL_OPTION when standard input is named twice
 */
export async function openFiles(files: readonly string[], { user }: SourceFlags): Promise<readonly Source[]> {
  if (files.filter((file) => file === '-').length > 1) throw new NetloopError('NL_OPTION', 'standard input (-) can be read only once');
  const sources: Source[] = [];
  for (const file of files) sources.push(await openSource(file, { user }));
  return sources;
}
