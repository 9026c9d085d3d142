// Packets to flows: looking up, opening, timing out, closing. What a packet does to its flow is said by the view: Zeek's, or the bare five-tuple.
import { enter, find, forget, forgetAll, hashKey, open, sender } from './find';
import { freeOdd, freeRecord, newRecord, oddOf, oddSide } from './heap';
import { addLetter, flip, originator, scaled } from './history';
import { addRow } from './rows';
import { BAD_ICMP, BAD_ICMP6, BAD_TCP, count } from './tallies';
import { isReuse, sideOf, tcpPacket } from './tcp';
import { BY_CLOSE, BY_EVICTION, BY_FLUSH, dueOf, isTcp, why } from './timeouts';
import * as E from './endpoint';
import * as L from './layout';
import { P, SCTP, TCP, UDP } from './layout';
import * as ports from './ports';
import * as wheel from './wheel';

/** A packet this far behind the clock means that the clock was wrong, not the packet late. */
const JUMP: f64 = 60e6;
/** A flow whose tunnel changes more often than this gets an X (Zeek's Tunnel::max_changes_per_connection). */
const CARRIER_CHANGES: u32 = 5;

// What is told by `setup`.
let fiveTuple: bool = false;
let seed: u32 = 0;
let maxFlows: u32 = 0;
let likelyServers: bool = false;
/** 0: no rows, 1: rows of closed flows, 2: also of opened and updated ones. */
let telling: u32 = 0;

export let clock: f64 = -Infinity;
let nextId: u32 = 0;
let sinceRewind: u32 = 0;

// Counters.
export let packets: f64 = 0;
export let flowPackets: f64 = 0;
export let opened: f64 = 0;
export let ranBack: f64 = 0;
export let jumpedBack: f64 = 0;

export function countPacket(): void {
  packets++;
}

export function setup(view: u32, seedOf: u32, most: u32, likely: u32, told: u32): void {
  fiveTuple = view == 1;
  seed = seedOf;
  maxFlows = most;
  likelyServers = likely != 0;
  telling = told;
}

function close(c: usize, end: u32): void {
  forget(c);
  tell(c, end);
}

/** A flow that is no longer found ends. */
function tell(c: usize, end: u32): void {
  count(end << 2);
  if (telling > 0) addRow(c, 2, end, max(clock, load<f64>(c, L.LAST)), fiveTuple);
  freeOdd(c);
  freeRecord(c);
}

function drop(c: usize, end: u32): void {
  wheel.remove(c);
  close(c, end);
}

/** Moves the clock on, never back: silent flows end. */
export function advance(now: f64): void {
  if (now > clock) clock = now;
  for (let c = wheel.advance(clock); c; ) {
    const next: usize = load<u32>(c, L.NEXT);
    close(c, why(c));
    c = next;
  }
}

/**
 * The clock jumped back: a file of an earlier day follows, or one packet's time was absurd. Else nothing would fall silent until the old
 * time came again. At most once in as many packets as flows are open, so that nobody can make it cost.
 */
function rewind(now: f64): void {
  jumpedBack++;
  sinceRewind = 0;
  clock = now;
  let c = wheel.drain();
  wheel.restart(now);
  while (c) {
    const next: usize = load<u32>(c, L.NEXT);
    store<f64>(c, min(load<f64>(c, L.OPENED), now), L.OPENED);
    store<f64>(c, min(load<f64>(c, L.TOUCHED), now), L.TOUCHED);
    store<f64>(c, dueOf(c, fiveTuple), L.DUE);
    wheel.add(c);
    c = next;
  }
}

/** A frame arrives: the clock goes on. The five-tuple view's is moved by IP packets only, and never back. */
export function arrive(ts: f64, isIp: bool): void {
  if (ts < clock) ranBack++;
  sinceRewind++;
  if (!fiveTuple) {
    if (clock - ts > JUMP && sinceRewind > open()) rewind(ts);
    advance(ts);
  } else if (isIp) advance(ts);
}

/** Closes all that is open, oldest first. */
export function flush(): void {
  forgetAll();
  for (let c = wheel.drain(); c; ) {
    const next: usize = load<u32>(c, L.NEXT);
    tell(c, BY_FLUSH);
    c = next;
  }
}

/** A flow that begins with the packet at hand; its source is side 0, and the originator for now. */
function openFlow(hash: u32): usize {
  const c = newRecord();
  const ts = load<f64>(P, L.P_TS);
  store<u32>(c, hash, L.HASH);
  store<u32>(c, nextId++, L.ID);
  store<f64>(c, ts, L.FIRST);
  store<f64>(c, ts, L.LAST);
  store<f64>(c, clock, L.OPENED);
  store<f64>(c, clock, L.TOUCHED);
  store<u8>(c, <u8>load<u32>(P, L.P_PROTOCOL), L.PROTOCOL);
  store<u8>(c, <u8>load<u32>(P, L.P_VERSION), L.VERSION);
  store<i16>(c, <i16>load<i32>(P, L.P_VLAN), L.VLAN);
  store<u16>(c, <u16>load<u32>(P, L.P_TUNNEL), L.TUNNEL);
  const a = sideOf(c, 0);
  const b = sideOf(c, 1);
  memory.copy(a + L.ADDRESS, P + L.P_SRC, 16);
  memory.copy(b + L.ADDRESS, P + L.P_DST, 16);
  store<u16>(a, <u16>load<u32>(P, L.P_SRC_PORT), L.PORT);
  store<u16>(b, <u16>load<u32>(P, L.P_DST_PORT), L.PORT);
  if (isTcp(c) && !fiveTuple) {
    store<i64>(a, 1, L.DELIVERED);
    store<i64>(a, 1, L.TRIMMED);
    store<i64>(b, 1, L.DELIVERED);
    store<i64>(b, 1, L.TRIMMED);
  } else {
    store<i64>(a, -1, L.BYTES);
    store<i64>(b, -1, L.BYTES);
  }
  if (!fiveTuple && likelyServers && ports.wantsFlip()) flip(c);
  // Full: what is nearest to its natural end goes.
  if (open() >= maxFlows) {
    const victim = wheel.first();
    if (victim) drop(victim, BY_EVICTION);
  }
  opened++;
  enter(c);
  return c;
}

/** After a packet: `letters` is the length of the history before it. */
function settle(c: usize, isNew: bool, letters: u32, counted: bool): void {
  if (counted) flowPackets++;
  const due = dueOf(c, fiveTuple);
  if (isNew) {
    store<f64>(c, due, L.DUE);
    wheel.add(c);
  } else if (due < load<f64>(c, L.DUE)) {
    wheel.remove(c);
    store<f64>(c, due, L.DUE);
    wheel.add(c);
  } else store<f64>(c, due, L.DUE);
  if (telling < 2) return;
  if (isNew) addRow(c, 0, BY_FLUSH, clock, fiveTuple);
  else if (load<u8>(c, L.LETTERS) != letters) addRow(c, 1, BY_FLUSH, clock, fiveTuple);
}

/** The packet at hand to its flow; answers the flow's id. */
export function take(): u32 {
  return fiveTuple ? takeFiveTuple() : takeZeek();
}

function takeZeek(): u32 {
  const oneWay = ports.pairIcmp();
  const hash = hashKey(seed, load<u32>(P, L.P_PROTOCOL));
  let c = find(hash, oneWay, false);
  let side = sender;
  if (c && clock >= load<f64>(c, L.DUE)) {
    drop(c, why(c));
    c = 0;
  }
  if (c && isTcp(c) && isReuse(c)) {
    drop(c, BY_CLOSE);
    c = 0;
  }
  const isNew = c == 0;
  if (isNew) {
    c = openFlow(hash);
    side = 0;
  }
  // A flow that begins with its roles turned round tells of it when it is opened.
  const letters: u32 = load<u8>(c, L.LETTERS);
  const carrier = load<i32>(P, L.P_CARRIER);
  if (carrier >= 0) carry(c, carrier);
  const overlaps = load<u32>(P, L.P_OVERLAPS);
  if (overlaps > 0) store<u32>(oddOf(c), load<u32>(oddOf(c), L.WRONG_FRAGMENTS) + overlaps, L.WRONG_FRAGMENTS);
  settle(c, isNew, letters, deliver(c, side));
  return load<u32>(c, L.ID);
}

function carry(c: usize, carrier: i32): void {
  const odd = oddOf(c);
  const known = load<i32>(odd, L.CARRIER);
  if (carrier == known) return;
  if (known >= 0) {
    const changes = load<u32>(odd, L.CARRIER_CHANGES) + 1;
    store<u32>(odd, changes, L.CARRIER_CHANGES);
    if (changes == CARRIER_CHANGES + 1) addLetter(c, 0x58, originator(c)); // X
  }
  store<i32>(odd, carrier, L.CARRIER);
}

/** The packet's effect on its flow; true when it counts among its packets. */
function deliver(c: usize, side: u32): bool {
  const s = sideOf(c, side);
  const sound = load<u32>(P, L.P_SOUND) != 0;
  const protocol: u32 = load<u8>(c, L.PROTOCOL);
  const icmp = protocol == L.ICMP || protocol == L.ICMP6;
  if (!sound) {
    if (!icmp) {
      const odd = oddSide(c, side);
      const bad = load<u32>(odd, L.BAD_CHECKSUMS) + 1;
      store<u32>(odd, bad, L.BAD_CHECKSUMS);
      if (scaled(bad)) addLetter(c, 0x43, side); // C
    }
    // Zeek counts a UDP packet before it looks at its checksum, a TCP or ICMP one after.
    if (protocol != UDP) {
      count(protocol == TCP ? BAD_TCP : protocol == L.ICMP ? BAD_ICMP : BAD_ICMP6);
      return false;
    }
  }
  store<u32>(s, load<u32>(s, L.PACKETS) + 1, L.PACKETS);
  store<u64>(s, load<u64>(s, L.IP_BYTES) + <u64>load<f64>(P, L.P_IP_LENGTH), L.IP_BYTES);
  if (!sound) return true;
  const closing = (load<u8>(c, L.STATUS) & L.CLOSING) != 0;
  if (protocol == TCP) {
    if (load<u32>(P, L.P_FLAGS) & L.URG) store<u32>(oddOf(c), load<u32>(oddOf(c), L.URGENT) + 1, L.URGENT);
    const over = E.marked(s, L.DID_CLOSE) && E.marked(sideOf(c, side ^ 1), L.DID_CLOSE);
    if (!over && !closing) store<f64>(c, clock, L.TOUCHED);
    tcpPacket(c, side, clock);
    return true;
  }
  store<f64>(c, load<f64>(P, L.P_TS), L.LAST);
  store<f64>(c, clock, L.TOUCHED);
  const spoke = load<i64>(s, L.BYTES);
  const session = protocol == UDP || protocol == SCTP;
  if (session && spoke < 0) addLetter(c, 0x44, side); // D
  if (session || icmp) store<i64>(s, max<i64>(0, spoke) + <i64>load<f64>(P, L.P_PAYLOAD), L.BYTES);
  return true;
}

/** Bidirectional five-tuple, innermost VLAN and IP version, with time-outs only; bytes are the frames' on the wire. */
function takeFiveTuple(): u32 {
  const protocol = load<u32>(P, L.P_PROTOCOL);
  if (protocol != TCP && protocol != UDP && protocol != SCTP) {
    store<u32>(P, 0, L.P_SRC_PORT);
    store<u32>(P, 0, L.P_DST_PORT);
  }
  const hash = hashKey(seed, protocol | ((load<i32>(P, L.P_VLAN) & 0xffff) << 8));
  let c = find(hash, false, true);
  let side = sender;
  if (c && clock >= load<f64>(c, L.DUE)) {
    drop(c, why(c));
    c = 0;
  }
  const isNew = c == 0;
  if (isNew) {
    c = openFlow(hash);
    side = 0;
  }
  const s = sideOf(c, side);
  const ts = load<f64>(P, L.P_TS);
  store<u32>(s, load<u32>(s, L.PACKETS) + 1, L.PACKETS);
  store<u64>(s, load<u64>(s, L.IP_BYTES) + <u64>load<f64>(P, L.P_WIRE), L.IP_BYTES);
  store<i64>(s, max<i64>(0, load<i64>(s, L.BYTES)) + <i64>load<f64>(P, L.P_PAYLOAD), L.BYTES);
  const flags = load<u32>(P, L.P_FLAGS);
  if (flags) {
    const counts = c + L.SIDES + L.FLAG_COUNTS;
    store<u32>(counts, load<u32>(counts) + ((flags >> 1) & 1));
    store<u32>(counts, load<u32>(counts, 4) + (flags & 1), 4);
    store<u32>(counts, load<u32>(counts, 8) + ((flags >> 2) & 1), 8);
    store<u32>(counts, load<u32>(counts, 12) + ((flags >> 4) & 1), 12);
  }
  store<f64>(c, clock, L.TOUCHED);
  if (ts > load<f64>(c, L.LAST)) store<f64>(c, ts, L.LAST);
  if (ts < load<f64>(c, L.FIRST)) store<f64>(c, ts, L.FIRST);
  settle(c, isNew, load<u8>(c, L.LETTERS), true);
  return load<u32>(c, L.ID);
}
