// Batches of frames to flows: the way of live traffic and of files. Not a pure kernel like the network's: the open flows live in its memory.
import { soundHeader, soundTransport } from './checksum';
import { claim } from './heap';
import { end, length, network, plain, transport } from './frame';
import { open } from './find';
import { P, P_CARRIER, P_OVERLAPS, P_SOUND, P_TS, P_VERSION, ROW, ROWS } from './layout';
import { lists } from './ports';
import { clearRows, placeRows, rowCount, rowsAt } from './rows';
import { acknowledgements } from './stream';
import { BAD_HEADER, count, tallies } from './tallies';
import * as table from './table';

export { advance, flush } from './table';
export { setTimeouts } from './timeouts';
export { clearRows, rowCount, rowsAt } from './rows';

/** Most frames, and most octets of them, in one batch. */
const FRAMES: usize = 1024;

let frames: usize = 0;
let checksums: u32 = 0;
let zeek: bool = true;

/** Before everything else. `octets`: room for one batch's frames. `tell`: 0 no rows, 1 of closed flows, 2 of all that happens. */
export function setup(view: u32, seed: u32, most: u32, likely: u32, tell: u32, check: u32, octets: u32): void {
  table.setup(view, seed, most, likely, tell);
  zeek = view == 0;
  checksums = check;
  frames = claim(FRAMES * 24 + octets);
  if (tell > 0) placeRows(claim(ROW * ROWS));
}

/** Where the host writes: the batch (`ts` f64, then offset, captured, length, link u32, 4,096 each, then the frames), one packet, the lists of ports. */
export function batchAt(): usize {
  return frames;
}
export function packetAt(): usize {
  return P;
}
export function listsAt(): usize {
  return lists;
}

/** Takes the frames [from, to) of the batch; answers the first that is not plain and so not taken, else `to`. */
export function run(from: u32, to: u32): u32 {
  const bytes = frames + FRAMES * 24;
  store<i32>(P, -1, P_CARRIER);
  store<u32>(P, 0, P_OVERLAPS);
  for (let i = from; i < to; i++) {
    const words = frames + FRAMES * 8 + (<usize>i << 2);
    const at = bytes + load<u32>(words);
    if (!plain(at, load<u32>(words, FRAMES * 4), load<u32>(words, FRAMES * 8), load<u32>(words, FRAMES * 12))) return i;
    const ts = load<f64>(frames + (<usize>i << 3));
    store<f64>(P, ts, P_TS);
    table.arrive(ts, true);
    table.countPacket();
    if (zeek) {
      if (load<u32>(P, P_VERSION) == 4 && !soundHeader(network, transport - network, checksums)) {
        count(BAD_HEADER);
        continue;
      }
      store<u32>(P, soundTransport(transport, length, end, checksums) ? 1 : 0, P_SOUND);
    }
    table.take();
  }
  return to;
}

/** A frame that is not plain arrives at `ts`; the packets that the decoder finds in it follow by `take`. */
export function arrive(ts: f64, isIp: bool): void {
  table.arrive(ts, isIp);
}

/** The packet that the host wrote, to its flow; answers the flow's id. */
export function take(): u32 {
  return table.take();
}

export function clock(): f64 {
  return table.clock;
}
export function openFlows(): u32 {
  return open();
}
export function openedFlows(): f64 {
  return table.opened;
}
export function packetsSeen(): f64 {
  return table.packets;
}
export function flowPackets(): f64 {
  return table.flowPackets;
}
export function timesBack(): f64 {
  return table.ranBack;
}
export function timesJumpedBack(): f64 {
  return table.jumpedBack;
}
/** u32 each: flows by end (closed, idle, active, flushed, evicted), then packets with a wrong checksum: IP, TCP, ICMP, ICMPv6. */
export function talliesAt(): usize {
  return tallies;
}
/** f64 each: acknowledgements judged, and those of octets never captured. */
export function acknowledgementsAt(): usize {
  return acknowledgements;
}
