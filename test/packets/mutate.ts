import { createFlowTable } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import { linkTypes } from '../../src/packet.js';
import { createRandom, type Random } from '../../src/random.js';
import { golden } from './golden.js';

const links = [...new Set([...Object.values(linkTypes), 147, 65535])];
/** Octets that headers give a meaning to. */
const telling = [0, 1, 4, 6, 17, 41, 44, 47, 50, 58, 59, 127, 128, 132, 255];

/** A view on memory whose surroundings are poisoned: reading outside would show other octets. */
export function fenced(frame: Uint8Array, poison: number): { readonly memory: Uint8Array; readonly from: number } {
  const memory = new Uint8Array(frame.length + 256).fill(poison);
  memory.set(frame, 128);
  return { memory, from: 128 };
}

/** Changes a few octets where structure lies: in the headers, not in the payload. */
export function mutate(frame: Uint8Array, random: Random): Uint8Array {
  const changed = frame.slice(0, random.below(8) === 0 ? random.below(frame.length + 1) : frame.length);
  for (let n = random.below(4); n >= 0 && changed.length > 0; n--) {
    const at = random.below(Math.min(changed.length, 90));
    const kind = random.below(4);
    if (kind === 0) changed[at] = random.below(256);
    else if (kind === 1) changed[at] = telling[random.below(telling.length)]!;
    else if (kind === 2) changed[at] = changed[at]! ^ (1 << random.below(8));
    else changed.copyWithin(at, random.below(changed.length));
  }
  return changed;
}

/** Mutated packets through decoder and both views; answers the octets that went through. Throws where the books do not balance. */
export function storm(
  turns: number,
  seed: number,
  frames: readonly { readonly frame: Uint8Array; readonly link: number }[] = golden,
): number {
  const random = createRandom(seed).fork('storm');
  const decoder = createDecoder();
  const tables = (['zeek', 'five-tuple'] as const).map((view) => createFlowTable({ view, maxFlows: 500 }));
  let octets = 0;
  for (let turn = 0; turn < turns; turn++) {
    const origin = frames[random.below(frames.length)]!;
    const frame = mutate(origin.frame, random);
    const link = random.below(12) === 0 ? links[random.below(links.length)]! : origin.link;
    const wire = random.below(10) === 0 ? random.below(70_000) : frame.length;
    const { memory, from } = fenced(frame, turn & 255);
    octets += frame.length;
    for (const table of tables) table.push(decoder.frame(memory, from, frame.length, wire, 1e15 + turn * 5000, link));
    if ((turn & 1023) === 0) for (const table of tables) table.expire(0);
  }
  for (const table of tables) {
    table.flush();
    const { packets, flowPackets, ignored, open } = table.counters();
    const aside = Object.values(ignored).reduce((a, b) => a + b, 0);
    if (packets < turns || flowPackets + aside !== packets || open !== 0) throw new Error(JSON.stringify(table.counters()));
  }
  return octets;
}
