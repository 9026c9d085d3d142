import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowRecord, recordColumns } from '../../src/features/record.js';
import { createFeaturizer } from '../../src/featurize.js';
import { connStates, type Flow } from '../../src/flow.js';
import { type FlowFormat, openFlowWriter } from '../../src/stores/flow-writer.js';
import { flowOf } from '../features/flows.js';

const word = fc.constantFrom(
  '10.0.0.1',
  '192.168.200.255',
  'fe80::1',
  'a"b',
  'a,b',
  'two\nlines',
  'ä€😀',
  '',
  'x'.repeat(300),
  '\u0000\u007f',
);
const count = fc.oneof(fc.nat(1200), fc.nat(2 ** 32 - 1), fc.maxSafeInteger().map(Math.abs));
const flows: fc.Arbitrary<Flow[]> = fc.array(
  fc
    .record({
      ts: fc.oneof(
        fc.nat(2e9).map((s) => s * 1e6 + (s % 1e6)),
        fc.double({ noNaN: true, min: 0, max: 1e16 }),
      ),
      duration: fc.oneof(fc.nat(), fc.constant(0), fc.double({ noNaN: true, min: 0, max: 1e12 })),
      proto: fc.constantFrom('tcp', 'udp', 'icmp', 'icmp6', '47'),
      orig_h: word,
      resp_h: word,
      orig_p: fc.nat(65_535),
      resp_p: fc.constantFrom(22, 53, 80, 443, 5000),
      conn_state: fc.constantFrom(...connStates),
      history: fc.constantFrom('', 'S', 'ShADadFf', '^h'.repeat(40)),
      orig_bytes: count,
      resp_bytes: count,
      orig_ip_bytes: count,
      vlan: fc.option(fc.nat(4095)),
      label: fc.constantFrom(undefined, 0 as const, 1 as const),
    })
    .map((change) => {
      const { label, ...rest } = change;
      return flowOf(label === undefined ? rest : { ...rest, label });
    }),
  { minLength: 1, maxLength: 60 },
);

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The same lines, put together as strings. */
function plainly(format: FlowFormat, given: readonly Flow[], labelled: boolean): string {
  const featurize = createFeaturizer();
  const records = given.map((flow) => flowRecord(flow, featurize(flow), labelled));
  if (format === 'jsonl') return records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const rows = records.map((record) => Object.values(record).map((cell) => (typeof cell === 'string' ? quoted(cell) : `${cell ?? ''}`)));
  return [recordColumns(labelled).map(([name]) => name), ...rows].map((cells) => `${cells.join(',')}\n`).join('');
}

test.each(['csv', 'jsonl'] as const)('%s: octet for octet what strings would give', async (format) => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-writer-'));
  try {
    await fc.assert(
      fc.asyncProperty(flows, fc.boolean(), async (given, labelled) => {
        const out = join(dir, 'flows');
        const writer = await openFlowWriter(format, out, labelled);
        const featurize = createFeaturizer();
        for (const flow of given) {
          writer.add(flow, featurize.view(flow)); // one row for all, as nothing of it is kept
          await writer.flush(1 << 12);
        }
        await writer.close(true);
        expect(readFileSync(out, 'utf8')).toBe(plainly(format, given, labelled));
      }),
      { numRuns: 120, seed: 1 },
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
