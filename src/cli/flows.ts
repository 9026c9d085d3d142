import { realpathSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { isNetloopError, NetloopError } from '../errors.js';
import { createFeaturizer } from '../featurize.js';
import type { Source } from '../source.js';
import { type FlowFormat, flowFormats, openFlowWriter } from '../stores/flow-writer.js';
import { eachFlow } from './each-flow.js';
import { openRuleAlerts } from './rule-alerts.js';
import { addSourceOptions, trafficOptions } from './source-options.js';
import { addWireOptions, openTraffic, type WireFlags } from './wire.js';

/** Octets of a file's flows that are written together. */
const GATHERED = 1 << 18;

interface Flags extends WireFlags {
  readonly format?: FlowFormat;
  readonly out?: string;
  readonly json?: boolean;
  readonly alerts?: string;
}

function formatOf({ format, out, json }: Flags): FlowFormat {
  const chosen = format ?? 'jsonl';
  if (json && chosen !== 'jsonl') throw new NetloopError('NL_OPTION', `invalid --json: it is --format jsonl, got --format ${chosen} too`);
  if (chosen === 'parquet' && out === undefined) {
    throw new NetloopError('NL_OPTION', 'invalid --format parquet: it cannot be written to a pipe; add --out FILE');
  }
  return chosen;
}

const placeOf = (path: string): string | null => {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
};

function refuseInput(files: readonly string[], option: string, out: string | undefined): void {
  const target = out === undefined ? null : placeOf(out);
  if (target === null || !files.some((file) => placeOf(file) === target)) return;
  throw new NetloopError('NL_OPTION', `invalid ${option}: ${out} is read by this command, and would be written over; name another file`);
}

/**
 * Whether flows of a source have labels. Columns are fixed before the first row, so a log is judged by its first batch: labels that
 * begin later are left out unless another file has some.
 */
async function bringsLabels(source: Source): Promise<boolean> {
  if (source.yields === 'frames') return source.labelOf !== undefined;
  try {
    for await (const batch of source.read()) return batch.kind === 'flows' && batch.flows.some((flow) => flow.label !== undefined);
  } catch (error) {
    if (!isNetloopError(error) || error.code !== 'NL_FILE_CORRUPT') throw error; // reading meets the damage again, after what is before it
  }
  return false;
}

async function flows(files: readonly string[], flags: Flags): Promise<void> {
  const format = formatOf(flags);
  refuseInput(files, '--out', flags.out);
  refuseInput(files, '--alerts', flags.alerts);
  if (flags.alerts !== undefined && flags.alerts === flags.out) {
    throw new NetloopError('NL_OPTION', `invalid --alerts: ${flags.alerts} is where the flows go; name another file`);
  }
  const { sources, live, signal } = await openTraffic(files, flags);
  let labelled = false;
  for (const source of sources) labelled = (await bringsLabels(source)) || labelled;
  const featurize = createFeaturizer();
  const rules = flags.alerts === undefined ? null : await openRuleAlerts(flags.alerts);
  const writer = await openFlowWriter(format, flags.out ?? null, labelled);
  let whole = false;
  try {
    await eachFlow(
      sources,
      // A card completes the checksums of what this host sends only after a capture has seen it.
      { ...trafficOptions(live ? { ...flags, checksums: flags.checksums ?? 'offload' } : flags, true), ended: 'views' },
      {
        add: (flow) => writer.add(flow, featurize.view(flow)),
        settle: async (now) => {
          await writer.flush(now ? 0 : GATHERED);
          await rules?.flush(now ? 0 : undefined);
        },
        watch: rules?.watch,
      },
      signal,
    );
    whole = true;
  } finally {
    const alerts = await rules?.close(whole);
    if (alerts !== undefined) process.stderr.write(`${alerts} alerts in ${flags.alerts}\n`);
    const left = await writer.close(whole);
    if (left !== null) process.stderr.write(`what came before is in ${left}\n`);
  }
}

export function addFlows(program: Command): void {
  const command = program
    .command('flows')
    .description("connections with Zeek's columns and KDD's 28 features")
    .argument('[file...]', 'captures (pcap, pcapng; - is standard input), conn.log, binetflow, KDD or UNSW rows; also .gz .xz .zst')
    .addOption(new Option('--format <format>', 'output format (default: jsonl)').choices(flowFormats))
    .option('--out <file>', 'write to a file, which has its name only once it is whole, instead of standard output')
    .option('--json', 'lines of JSON (the default format)')
    .option('--alerts <file>', 'let the rules watch too, and write their alerts here, as lines of JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop flows datasets/lab/day1/capture.pcap.xz | head\n  netloop flows capture.pcap --format parquet --out flows.parquet\n  tcpdump -w - | netloop flows -\n  sudo netloop flows --interface eth0 --filter "tcp port 22" --seconds 60',
    );
  addWireOptions(addSourceOptions(command)).action(flows);
}
