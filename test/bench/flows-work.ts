/**
 * One contender of the flows benchmark in a process of its own: `node flows-work.js KIND FILE [OUT]`. Its last line of output is JSON: what
 * it counted, and the time that the work took without the start of Node.
 */
import { createFlowTable, zeekTimeouts } from '../../src/assemble.js';
import { createFeaturizer } from '../../src/featurize.js';
import { createRules } from '../../src/rules/all.js';
import type { Frames } from '../../src/source.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { openFlowWriter } from '../../src/stores/flow-writer.js';
import { createTraffic } from '../../src/traffic.js';

const [, , kind = '', file = '', out = ''] = process.argv;

/** Packets to flows, and nothing else; flows are counted and dropped. */
async function bare(view: 'zeek' | 'five-tuple'): Promise<Record<string, number>> {
  const table = createFlowTable({ view, keep: false, maxFlows: 2_000_000, ...(view === 'zeek' ? { timeouts: zeekTimeouts } : {}) });
  for await (const batch of (await openCapture(file)).read()) {
    table.frames(batch as Frames);
    table.expire(0);
  }
  const live = table.counters().open;
  table.flush();
  const { packets, flowPackets, opened } = table.counters();
  return { packets, flowPackets, flows: opened, live };
}

/** What `netloop flows` does, with the rules watching: Zeek's columns, 28 features, to a file. */
async function whole(format: 'csv' | 'jsonl' | 'arrow'): Promise<Record<string, number>> {
  const rules = createRules();
  const featurize = createFeaturizer();
  const writer = await openFlowWriter(format, out, false);
  let alerts = 0;
  let flows = 0;
  const traffic = createTraffic(
    (event) => {
      alerts += rules.observe(event).length;
      if (event.kind !== 'closed') return;
      flows++;
      writer.add(event.flow, featurize.view(event.flow));
    },
    { timeouts: zeekTimeouts, checksums: 'check', ended: 'views' },
  );
  const source = await openCapture(file);
  traffic.begin(source);
  for await (const batch of source.read()) {
    traffic.batch(batch);
    await writer.flush(1 << 18);
  }
  traffic.flush();
  await writer.close(true);
  return { flows, alerts };
}

const work: Readonly<Record<string, () => Promise<Record<string, number>>>> = {
  'five-tuple': () => bare('five-tuple'),
  zeek: () => bare('zeek'),
  'whole-csv': () => whole('csv'),
  'whole-jsonl': () => whole('jsonl'),
  'whole-arrow': () => whole('arrow'),
};

const start = performance.now();
const counted = await work[kind]!();
console.log(JSON.stringify({ ms: performance.now() - start, ...counted }));
