import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import { zeekRecord } from '../features/record.js';
import { type Flow, userOf } from '../flow.js';
import { createSequencer, type SequenceSettings, sequenceLabel } from '../sequence.js';
import { eachFlow } from './each-flow.js';
import { numeric } from './number-option.js';
import { print } from './print.js';
import { addSourceOptions, openFiles, type SourceFlags, trafficOptions } from './source-options.js';
import { renderTable } from './table.js';

interface Flags extends SourceFlags {
  readonly length: number;
  readonly overlap: number;
  readonly minFlows: number;
  readonly by: SequenceSettings['by'];
  readonly json?: boolean;
}

export function addSequences(program: Command): void {
  const command = program
    .command('sequences')
    .description("sequences of each user's flows, with overlap")
    .argument('<file...>', 'captures or flow records')
    .option('--length <n>', 'flows in a sequence (5-50)', numeric('length'), 10)
    .option('--overlap <share>', 'overlap of neighbours, in [0, 1)', numeric('overlap'), 0.5)
    .option('--min-flows <n>', 'flows a user must have', numeric('min-flows'), 5)
    .option('--by <column>', 'whose flows: user_id (else the source address), orig_h, resp_h', 'user_id')
    .option('--json', 'one JSON object a sequence')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop sequences datasets/lab/day1/capture.pcap.xz\n  netloop sequences conn.log --length 20 --overlap 0.75 --json',
    );
  addSourceOptions(command).action(async (files: string[], flags: Flags) => {
    if (!['user_id', 'orig_h', 'resp_h'].includes(flags.by)) {
      throw new NetloopError(
        'NL_OPTION',
        `invalid --by: expected user_id, orig_h or resp_h, got ${flags.by}; a column of the file is named by --user`,
      );
    }
    const sequencer = createSequencer<Flow>(flags);
    const users = new Map<string, { flows: number; sequences: number; attacks: number; known: number }>();
    const lines: string[] = [];
    const add = (flow: Flow): void => {
      const user = userOf(flow, flags.by);
      const seen = users.get(user) ?? { flows: 0, sequences: 0, attacks: 0, known: 0 };
      users.set(user, seen);
      seen.flows++;
      const sequence = sequencer.push(user, flow);
      if (!sequence) return;
      const label = sequenceLabel(
        sequence.steps.map((f) => f.label ?? null),
        'drop',
      );
      seen.sequences++;
      if (label !== null) seen.known++;
      if (label === 1) seen.attacks++;
      if (!flags.json) return;
      const steps = sequence.steps.map((step) =>
        step.label === undefined ? zeekRecord(step) : { ...zeekRecord(step), label: step.label },
      );
      lines.push(`${JSON.stringify({ user, start: sequence.start, ts: steps[0]!.ts, flows: steps.length, label, steps })}\n`);
    };
    const settle = async (): Promise<void> => {
      if (lines.length > 0) await print(lines.splice(0).join(''));
    };
    await eachFlow(await openFiles(files, flags), trafficOptions(flags), { add, settle });
    const count = sequencer.count();
    if (count.sequences === 0) {
      throw new NetloopError(
        'NL_NO_SEQUENCES',
        `no sequences built: ${count.users} users, ${count.tooFew} with fewer than ${flags.minFlows} flows, ${count.tooShort} with fewer than ${flags.length}; collect longer or shorten --length`,
      );
    }
    if (flags.json) return;
    const rows = [...users].sort(([, a], [, b]) => b.flows - a.flows).slice(0, 40);
    const table = renderTable(
      ['user', 'flows', 'sequences', 'with an attack'],
      rows.map(([user, s]) => [user, String(s.flows), String(s.sequences), s.known === 0 ? '–' : String(s.attacks)]),
    );
    process.stdout.write(
      `${table}\n\n${count.sequences} sequences of ${flags.length} flows from ${count.users} users; too few flows: ${count.tooFew} users, too short: ${count.tooShort} users\n`,
    );
  });
}
