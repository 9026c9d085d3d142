import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/flow.js';
import { createTruth, formatTruth, parseTruth, TOLERANCE, type TruthRow } from '../../src/sources/flow-truth.js';

const at = 1_700_000_000_000_000;
const row: TruthRow = {
  first_us: at,
  last_us: at + 5e6,
  proto: 'tcp',
  orig_h: '10.77.0.22',
  orig_p: 40000,
  resp_h: '10.77.0.11',
  resp_p: 22,
  attack: 'ssh-guess',
  event: 2,
};
const flow = (change: Partial<Flow> = {}): Flow => ({
  ts: at,
  duration: 5e6,
  proto: 'tcp',
  service: 'ssh',
  orig_h: row.orig_h,
  orig_p: row.orig_p,
  resp_h: row.resp_h,
  resp_p: row.resp_p,
  conn_state: 'SF',
  history: 'ShAdDaFf',
  orig_pkts: 1,
  orig_bytes: 1,
  orig_ip_bytes: 41,
  resp_pkts: 1,
  resp_bytes: 1,
  resp_ip_bytes: 41,
  vlan: null,
  tunnel: null,
  wrong_fragment: 0,
  urgent: 0,
  end: 'closed',
  ...change,
});

describe('truth by flow', () => {
  const truth = createTruth(formatTruth([row, { ...row, first_us: at + 600e6, last_us: at + 601e6, attack: 'later', event: 3 }]));

  test('five-tuple and time say attack, in either direction', () => {
    expect(truth.labelOf(flow())).toEqual({ label: 1, attack: 'ssh-guess' });
    const turned = flow({ orig_h: row.resp_h, orig_p: row.resp_p, resp_h: row.orig_h, resp_p: row.orig_p });
    expect(truth.labelOf(turned)).toEqual({ label: 1, attack: 'ssh-guess' });
  });

  test.each([
    ['proto', { proto: 'udp' }],
    ['port', { orig_p: 40001 }],
    ['service', { resp_p: 23 }],
    ['host', { orig_h: '10.77.0.23' }],
    ['only the addresses turned round', { orig_h: row.resp_h, resp_h: row.orig_h }],
  ] as const)('another %s is benign: the rest of a mixed host stays so', (_, change) => {
    expect(truth.labelOf(flow(change))).toEqual({ label: 0 });
  });

  test('a tuple used again belongs to whoever used it then', () => {
    expect(truth.labelOf(flow({ ts: at + 300e6, duration: 1e6 }))).toEqual({ label: 0 });
    expect(truth.labelOf(flow({ ts: at + 600e6, duration: 0 }))).toEqual({ label: 1, attack: 'later' });
    expect(truth.labelOf(flow({ ts: at - 400e6, duration: 1e6 }))).toEqual({ label: 0 });
  });

  test('a flow cut by a time-out counts by its own part; the edge is the tolerance', () => {
    expect(truth.labelOf(flow({ ts: row.last_us + TOLERANCE, duration: 9e6 })).label).toBe(1);
    expect(truth.labelOf(flow({ ts: row.last_us + TOLERANCE + 1, duration: 9e6 })).label).toBe(0);
    expect(truth.labelOf(flow({ ts: at - TOLERANCE - 9e6, duration: 9e6 })).label).toBe(1);
    expect(truth.labelOf(flow({ ts: at - TOLERANCE - 9e6 - 1, duration: 9e6 })).label).toBe(0);
  });
});

describe('the file', () => {
  test('is read back as it was written, and may have more columns or none for the event', () => {
    expect(parseTruth(formatTruth([row]))).toEqual([row]);
    const lines = formatTruth([row]).trim().split('\n');
    expect(parseTruth(`${lines[0]}\tnote\r\n${lines[1]}\tx\r\n`)).toEqual([row]);
    const bare = formatTruth([row]).replace('\tevent', '').replace(/\t2\n/, '\n');
    expect(parseTruth(bare)).toEqual([{ ...row, event: -1 }]);
  });

  test('without a needed column, or with a row that is none, it is refused by name and line', () => {
    expect(() => parseTruth('a\tb\n')).toThrowError(expect.objectContaining({ code: 'NL_FILE_FORMAT' }));
    for (const bad of [{ first_us: -1 }, { last_us: at - 1 }, { orig_p: 70000 }, { resp_p: Number.NaN }, { attack: '' }]) {
      const text = formatTruth([row, { ...row, ...bad }]);
      expect(() => parseTruth(text, 'day1')).toThrowError(
        expect.objectContaining({ code: 'NL_FILE_CORRUPT', where: { file: 'day1', row: 3 } }),
      );
    }
  });
});
