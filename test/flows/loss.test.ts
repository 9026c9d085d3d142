import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CaptureLoss, createFlowTable, zeekTimeouts } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import { linkTypes } from '../../src/packet.js';
import { createRandom } from '../../src/random.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { ethernet, ip4, tcp } from '../packets/build.js';

const ACK = 16;
const SYN = 2;

/** A download of 100 segments, each acknowledged; `missed` of them never reached the capture. */
function download(missed: readonly number[], handshake = true): CaptureLoss {
  const table = createFlowTable({ timeouts: zeekTimeouts });
  const decoder = createDecoder();
  let at = 1e15;
  const send = (from: 'a' | 'b', flags: number, seq: number, ack: number, payload = ''): void => {
    const [src, dst, sp, dp] =
      from === 'a' ? (['10.0.0.1', '192.0.2.7', 40000, 8443] as const) : (['192.0.2.7', '10.0.0.1', 8443, 40000] as const);
    const frame = ethernet(ip4(src, dst, 6, tcp(sp, dp, { seq, ack, flags, window: 500 }, payload)));
    at += 1000;
    table.push(decoder.frame(frame, 0, frame.length, frame.length, at, linkTypes.ETHERNET));
  };
  if (handshake) {
    send('a', SYN, 100, 0);
    send('b', SYN | ACK, 900, 101);
    send('a', ACK, 101, 901);
  }
  for (let i = 0; i < 100; i++) {
    if (!missed.includes(i)) send('b', ACK, 901 + 10 * i, 101, '0123456789');
    send('a', ACK, 101, 901 + 10 * (i + 1));
  }
  return table.counters().loss;
}

test('acknowledgements of what was never captured are the loss, where the beginning was seen', () => {
  expect(download([])).toEqual({ acks: 100, gaps: 0 });
  expect(download([3, 50, 51])).toEqual({ acks: 100, gaps: 3 });
  expect(download([3, 50, 51], false)).toEqual({ acks: 0, gaps: 0 });
});

test.each([0, 0.01, 0.05])('a recording of which a share of %d is left out shows about that loss', async (share) => {
  const random = createRandom(5);
  const table = createFlowTable();
  const source = await openCapture(join(import.meta.dirname, '..', '..', 'datasets', 'lab', 'day1', 'capture.pcap.xz'));
  for await (const batch of source.read()) {
    if (batch.kind !== 'frames') continue;
    for (let i = 0; i < batch.count; i++) if (random.next() >= share) table.frames(batch, i, i + 1);
  }
  const { acks, gaps } = table.counters().loss;
  expect(acks).toBeGreaterThan(5000);
  expect(gaps / acks).toBeGreaterThanOrEqual(share / 2);
  expect(gaps / acks).toBeLessThanOrEqual(share * 2);
});
