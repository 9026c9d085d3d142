import { type Command, Option } from 'commander';
import { zeekTimeouts } from '../assemble.js';
import { type FlowRecord, flowRecord } from '../features/record.js';
import { createFeaturizer } from '../featurize.js';
import type { Flow } from '../flow.js';
import { openSource, type SourceOptions } from '../sources/open.js';
import { type FlowFormat, type FlowWriter, flowFormats, openFlowWriter } from '../stores/flow-writer.js';
import { createTraffic, type TrafficOptions } from '../traffic.js';
import { interruptSignal } from './interrupt.js';

/** Options of every command that reads traffic. */
export function addSourceOptions(command: Command): Command {
  return command
    .option('--user <column>', 'column that names the user')
    .addOption(new Option('--view <view>', 'when flows end').choices(['zeek', 'five-tuple']).default('zeek'))
    .addOption(new Option('--checksums <mode>', 'packets with a wrong checksum').choices(['check', 'ignore']))
    .option('--idle <seconds>', 'silence that ends a flow', Number)
    .option('--active <seconds>', 'age at which a flow is cut', Number);
}

export interface SourceFlags {
  readonly user?: string;
  readonly view: 'zeek' | 'five-tuple';
  readonly checksums?: 'check' | 'ignore';
  readonly idle?: number;
  readonly active?: number;
}

/** As Zeek does (its time-outs, its checksums) where flows are what is asked for; the loop's (idle 120 s, active 1,800 s) for detection. */
export const trafficOptions = ({ view, checksums, idle, active }: SourceFlags, zeeks = false): TrafficOptions => ({
  view,
  idle,
  active,
  checksums: checksums ?? (zeeks && view === 'zeek' ? 'check' : 'ignore'),
  ...(zeeks && view === 'zeek' ? { timeouts: zeekTimeouts } : {}),
});
export const sourceOptions = ({ user }: SourceFlags): SourceOptions => ({ user });

/** Prints what could not be used, by kind, to standard error. */
export function reportDamage(ignored: Readonly<Record<string, number>>): void {
  const kinds = Object.entries(ignored).filter(([, n]) => n > 0);
  if (kinds.length > 0) process.stderr.write(`not used: ${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')}\n`);
}

/** All flows of some files in the order in which they end, a batch at a time. Returns what was ignored. */
export async function eachFlow(
  files: readonly string[],
  flags: SourceFlags,
  take: (flows: readonly Flow[]) => Promise<void>,
  zeeks = false,
): Promise<Readonly<Record<string, number>>> {
  const signal = interruptSignal();
  const ended: Flow[] = [];
  const traffic = createTraffic(
    (event) => {
      if (event.kind === 'closed') ended.push(event.flow);
    },
    trafficOptions(flags, zeeks),
  );
  const ignored: Record<string, number> = {};
  try {
    for (const file of files) {
      const source = await openSource(file, sourceOptions(flags));
      traffic.begin(source);
      for await (const batch of source.read({ signal })) {
        traffic.batch(batch);
        await take(ended.splice(0));
      }
      for (const { kind, count } of source.damage()) ignored[kind] = (ignored[kind] ?? 0) + count;
    }
  } finally {
    traffic.flush(); // a file that breaks off has still delivered what came before
    await take(ended.splice(0));
  }
  return { ...ignored, ...traffic.ignored() };
}

export function addFlows(program: Command): void {
  const command = program
    .command('flows')
    .description("connections with Zeek's columns and KDD's 28 features")
    .argument('<file...>', 'captures (pcap, pcapng), conn.log, binetflow, KDD or UNSW rows; also .gz .xz .zst')
    .addOption(new Option('--format <format>', 'output format').choices(flowFormats).default('jsonl'))
    .option('--out <file>', 'write to a file instead of standard output')
    .option('--json', 'lines of JSON (the default format)')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop flows datasets/lab/day1/capture.pcap.xz | head\n  netloop flows capture.pcap --format parquet --out flows.parquet',
    );
  addSourceOptions(command).action(async (files: string[], flags: SourceFlags & { format: FlowFormat; out?: string; json?: boolean }) => {
    const featurize = createFeaturizer();
    let writer: FlowWriter | null = null;
    const take = async (flows: readonly Flow[]): Promise<void> => {
      if (flows.length === 0) return;
      const labelled = flows[0]!.label !== undefined;
      writer ??= await openFlowWriter(flags.json ? 'jsonl' : flags.format, flags.out ?? null, labelled);
      await writer.write(flows.map((flow): FlowRecord => flowRecord(flow, featurize(flow), flow.label !== undefined)));
    };
    try {
      reportDamage(await eachFlow(files, flags, take, true));
    } finally {
      writer ??= await openFlowWriter(flags.format, flags.out ?? null, false);
      await writer.close();
    }
  });
}
