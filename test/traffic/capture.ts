import type { Flow } from '../../src/flow.js';
import { createRandom } from '../../src/random.js';
import type { Frames, Source } from '../../src/source.js';
import { bytes, ethernet, ip4, tcp, u32 } from '../packets/build.js';

/** One frame with its capture time, microseconds since the epoch. */
export interface CapturedFrame {
  readonly ts: number;
  readonly bytes: Uint8Array;
}

const start = 1_700_000_000_000_000;
const target = '198.51.100.9';
const web = '198.51.100.80';
const FLAGS = { fin: 0x11, syn: 0x02, rst: 0x14, synAck: 0x12, ack: 0x10, push: 0x18 };

/** The truth of `makeCapture`: whoever knocks at the closed host attacks. */
export const captureTruth = (flow: Flow): { label: 0 | 1 } => ({ label: flow.resp_h === target ? 1 : 0 });

/**
 * Seeded packets for tests of the whole walk: nine users fetch pages (handshake, request, answer, FIN) and every third of them also
 * knocks at closed ports (SYN, RST). About half a second of capture time from one connection to the next.
 */
export function makeCapture({ sessions = 2000, users = 9, seed = 1, from = 0 } = {}): CapturedFrame[] {
  const random = createRandom(seed);
  const frames: CapturedFrame[] = [];
  let ts = start + from * 1e6;
  for (let i = 0; i < sessions; i++) {
    ts += 50_000 + random.below(900_000);
    const user = random.below(users);
    const me = `192.0.2.${10 + user}`;
    const port = 30_000 + random.below(30_000);
    const attack = user % 3 === 0 && random.next() < 0.5;
    const [you, at] = attack ? [target, 1 + random.below(1024)] : [web, 80];
    let clock = ts;
    const send = (out: boolean, flags: number, seq: number, ack: number, payload = ''): void => {
      clock += 200 + random.below(60_000);
      const segment = out ? tcp(port, at, { seq, ack, flags }, payload) : tcp(at, port, { seq, ack, flags }, payload);
      frames.push({ ts: clock, bytes: ethernet(out ? ip4(me, you, 6, segment) : ip4(you, me, 6, segment)) });
    };
    send(true, FLAGS.syn, 100, 0);
    if (attack) {
      send(false, FLAGS.rst, 0, 101);
      continue;
    }
    const [asked, told] = [100 + random.below(400), 200 + random.below(1200)];
    send(false, FLAGS.synAck, 500, 101);
    send(true, FLAGS.ack, 101, 501);
    send(true, FLAGS.push, 101, 501, 'q'.repeat(asked));
    send(false, FLAGS.push, 501, 101 + asked, 'a'.repeat(told));
    send(true, FLAGS.fin, 101 + asked, 501 + told);
    send(false, FLAGS.fin, 501 + told, 102 + asked);
    send(true, FLAGS.ack, 102 + asked, 502 + told);
  }
  return frames.sort((a, b) => a.ts - b.ts);
}

/** Frames as a source that hands them over `batch` at a time, and may dawdle before each batch. */
export function captureSource(
  frames: readonly CapturedFrame[],
  { batch = 4096, dawdle = async () => {} }: { batch?: number; dawdle?: () => Promise<void> } = {},
): Source {
  async function* read(): AsyncGenerator<Frames> {
    for (let at = 0; at < frames.length; at += batch) {
      await dawdle();
      const part = frames.slice(at, at + batch);
      const offset = new Uint32Array(part.length);
      let end = 0;
      for (const [i, frame] of part.entries()) {
        offset[i] = end;
        end += frame.bytes.length;
      }
      const length = Uint32Array.from(part, (f) => f.bytes.length);
      yield {
        kind: 'frames',
        count: part.length,
        bytes: bytes(...part.map((f) => f.bytes)),
        offset,
        captured: length,
        length,
        ts: Float64Array.from(part, (f) => f.ts),
        link: new Uint16Array(part.length).fill(1),
      };
    }
  }
  return { name: 'capture', yields: 'frames', labelOf: captureTruth, read, damage: () => [] };
}

/** Frames as a classic pcap file with microseconds. */
export function pcapOf(frames: readonly CapturedFrame[]): Uint8Array {
  const head = bytes(u32(0xa1b2c3d4), [0, 2, 0, 4], u32(0), u32(0), u32(65535), u32(1));
  const records = frames.map((f) => bytes(u32(Math.floor(f.ts / 1e6)), u32(f.ts % 1e6), u32(f.bytes.length), u32(f.bytes.length), f.bytes));
  return bytes(head, ...records);
}
