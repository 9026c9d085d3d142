// One TCP packet moves its connection on, as Zeek's TCP session adapter does: numbering, history, window, acknowledgement, states, gaps, close.
import { addLetter, flip, originator, scaled } from './history';
import { oddSide } from './heap';
import { acknowledged, pending, received } from './stream';
import * as E from './endpoint';
import * as L from './layout';
import { FIN, P, RST, SYN } from './layout';

/** A SYN or RST whose number lies further off than this is not believed; nor is an acknowledgement of 0 that far ahead. */
const FAR: i32 = 1048576;

// Bits of SEEN.
const SEEN_SYN: u32 = 1;
const SEEN_FIN: u32 = 2;
const SEEN_RST: u32 = 4;
const SEEN_DATA: u32 = 8;
const SEEN_ACK: u32 = 16;
const SEEN_MULTI: u32 = 32;
const SEEN_FIN_RST: u32 = 64;

export function sideOf(c: usize, side: u32): usize {
  return c + L.SIDES + side * L.SIDE;
}
function has(c: usize, bit: u32): bool {
  return (load<u8>(c, L.STATUS) & bit) != 0;
}
function put(c: usize, bit: u32, on: bool): void {
  const status: u32 = load<u8>(c, L.STATUS);
  store<u8>(c, <u8>(on ? status | bit : status & ~bit), L.STATUS);
}

/** The packet at hand, sent by `side`. */
export function tcpPacket(c: usize, side: u32, clock: f64): void {
  const e = sideOf(c, side);
  const peer = sideOf(c, side ^ 1);
  const flags = load<u32>(P, L.P_FLAGS);
  const seq = load<u32>(P, L.P_SEQ);
  const payload = <i64>load<f64>(P, L.P_PAYLOAD);
  notePartial(c, e, side, flags);
  const segment = (flags & RST ? 0 : payload) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const past = seq + <u32>segment;
  number(e, flags, seq, past);
  const rel = E.relative(e, seq, load<u32>(e, L.HIGHEST), load<u16>(e, L.HIGHEST_WRAPS));
  letters(c, e, side, flags, rel, payload);
  if (load<u32>(P, L.P_WINDOW) == 0 && !(flags & RST) && E.stateOf(peer) != E.CLOSED && E.stateOf(e) != E.RESET) {
    if (countOdd(c, side, L.ZERO_WINDOWS)) addLetter(c, 0x57, side); // W
  }
  if (!E.marked(e, L.DID_CLOSE) || !E.marked(peer, L.DID_CLOSE)) store<f64>(c, load<f64>(P, L.P_TS), L.LAST);
  if (flags & FIN) {
    E.mark(e, L.FINS);
    store<i64>(e, rel + segment, L.FIN_SEQ);
  }
  const relAck = flags & L.ACK ? acknowledge(peer, flags, load<u32>(P, L.P_ACK)) : 0;
  extend(c, e, side, flags, past, payload);
  const closes = transit(c, e, peer, side, flags, seq, payload);
  if (flags & L.ACK) heard(c, peer, e, side ^ 1, relAck, clock);
  E.mark(e, L.SPOKE);
  if (payload > 0 && !(flags & RST) && rel >= 0) received(c, e, side, flags & SYN ? rel + 1 : rel, payload);
  finishStream(c, e, peer, side, clock);
  if (closes) closed(c, e, peer, side, clock);
}

/** Counts what few flows have; true at the 1st, 10th, 100th … */
function countOdd(c: usize, side: u32, what: usize): bool {
  const at = oddSide(c, side) + what;
  const count = load<u32>(at) + 1;
  store<u32>(at, count);
  return scaled(count);
}

function notePartial(c: usize, e: usize, side: u32, flags: u32): void {
  if (E.marked(e, L.SPOKE)) return;
  if (side == originator(c)) put(c, L.PARTIAL_FLOW, !(flags & SYN) || (flags & L.ACK) != 0);
  else if (!has(c, L.PARTIAL_FLOW)) put(c, L.PARTIAL_FLOW, !(flags & SYN));
}

/** Where numbering begins, or begins again with a SYN that means it. */
function number(e: usize, flags: u32, seq: u32, past: u32): void {
  const syn = (flags & SYN) != 0;
  const state = E.stateOf(e);
  if (state == E.INACTIVE) {
    // Without a SYN: numbered as if one had come just before.
    if (syn) E.begin(e, seq, past);
    else E.begin(e, seq - 1, seq);
  } else if (syn && state == E.RESET) {
    // An earlier RST set the numbers and may have been forged.
    if (load<u8>(e, L.PREVIOUS) == E.INACTIVE) E.begin(e, seq, past);
  } else if (syn && state != E.CLOSED && (seq != load<u32>(e, L.START) || state == E.ESTABLISHED || state == E.PARTIAL)) {
    E.begin(e, seq, past);
  }
}

function letters(c: usize, e: usize, side: u32, flags: u32, rel: i64, payload: i64): void {
  const kinds = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0) + (flags & RST ? 1 : 0);
  if (kinds > 1) {
    if (flags & FIN && flags & RST) once(c, e, side, SEEN_FIN_RST, 0x49); // I
    else once(c, e, side, SEEN_MULTI, 0x51); // Q
  } else if (flags & SYN) again(c, e, side, SEEN_SYN, flags & L.ACK ? 0x48 : 0x53, L.LAST_SYN, <u32>rel); // H or S
  else if (flags & FIN) again(c, e, side, SEEN_FIN, 0x46, L.LAST_FIN, <u32>(rel + payload)); // F
  else if (flags & RST) again(c, e, side, SEEN_RST, 0x52, L.LAST_RST, <u32>rel); // R
  else if (payload > 0) once(c, e, side, SEEN_DATA, 0x44); // D
  else if (flags & L.ACK) once(c, e, side, SEEN_ACK, 0x41); // A
}

/** Enters a letter the first time; true when it was. */
function once(c: usize, e: usize, side: u32, bit: u32, letter: u32): bool {
  const seen: u32 = load<u8>(e, L.SEEN);
  if (seen & bit) return false;
  store<u8>(e, <u8>(seen | bit), L.SEEN);
  addLetter(c, letter, side);
  return true;
}
/** Enters a letter the first time and with every other sequence number than the last one, kept at `last`. */
function again(c: usize, e: usize, side: u32, bit: u32, letter: u32, last: usize, seq: u32): void {
  if (!once(c, e, side, bit, letter) && seq != load<u32>(e + last)) addLetter(c, letter, side);
  store<u32>(e + last, seq);
}

/** Takes the acknowledgement over for the peer; answers it relative to the peer's SYN, 0 where it makes no sense. */
function acknowledge(peer: usize, flags: u32, ack: u32): i64 {
  if (E.stateOf(peer) == E.INACTIVE) {
    E.begin(peer, ack - 1, ack - 1);
    return 1;
  }
  const acked = load<u32>(peer, L.ACKED);
  const rel = E.relative(peer, ack, acked, load<u16>(peer, L.ACKED_WRAPS));
  if (rel < 0) return 0;
  const ahead = <i32>(ack - acked);
  // Acknowledgements in a RST are not trusted.
  if (!(flags & RST) && ahead > 0 && !(ack == 0 && ahead > FAR)) E.advanceAck(peer, ack);
  return rel;
}

/** Moves the end's highest number on, or counts a retransmission. */
function extend(c: usize, e: usize, side: u32, flags: u32, past: u32, payload: i64): void {
  const highest = load<u32>(e, L.HIGHEST);
  const ahead = <i32>(past - highest);
  if (flags & (SYN | RST) && (ahead > FAR || ahead < -FAR)) return;
  if (flags & FIN && highest == load<u32>(e, L.START) + 1) E.advanceHighest(e, past);
  else if (E.stateOf(e) == E.RESET) return;
  else if (ahead > 0) E.advanceHighest(e, past);
  else if (payload > 0 && countOdd(c, side, L.RETRANSMISSIONS)) addLetter(c, 0x54, side); // T
}

/** The state machine proper. True when this end closes. */
function transit(c: usize, e: usize, peer: usize, side: u32, flags: u32, seq: u32, payload: i64): bool {
  const state = E.stateOf(e);
  if (state == E.INACTIVE) return fromInactive(c, e, peer, side, flags, seq, payload);
  if (state == E.SYN_SENT || state == E.SYN_ACK_SENT) {
    if (flags & FIN) E.setState(e, E.CLOSED);
    if (flags & RST) E.setState(e, E.RESET);
    return (flags & (FIN | RST)) != 0;
  }
  if (state == E.ESTABLISHED || state == E.PARTIAL) return fromEstablished(e, peer, flags);
  if (state != E.CLOSED || !(flags & RST) || E.stateOf(peer) == E.CLOSED) return false;
  E.setState(e, E.RESET);
  return !E.marked(e, L.DID_CLOSE);
}

function fromInactive(c: usize, e: usize, peer: usize, side: u32, flags: u32, seq: u32, payload: i64): bool {
  const fromOrig = side == originator(c);
  let closes = false;
  if (flags & SYN) {
    if (fromOrig) E.setState(e, flags & L.ACK ? E.SYN_ACK_SENT : E.SYN_SENT);
    else {
      if (!(flags & L.ACK) && E.stateOf(peer) == E.SYN_ACK_SENT && seq == load<u32>(e, L.START)) {
        // SYN and SYN-ACK arrived in the wrong order: turn the roles round.
        flip(c);
        E.setState(peer, E.ESTABLISHED);
        E.mark(e, L.SPOKE);
      }
      if (E.stateOf(peer) == E.SYN_SENT) E.setState(peer, E.ESTABLISHED);
      E.setState(e, E.ESTABLISHED);
    }
  }
  if (flags & FIN) {
    E.setState(e, E.CLOSED);
    closes = true;
  }
  if (flags & RST) {
    E.setState(e, E.RESET);
    closes = true;
  }
  if (E.stateOf(e) == E.INACTIVE) {
    // Some stacks acknowledge a SYN before they answer it.
    if (!fromOrig && payload == 0 && E.stateOf(peer) == E.SYN_SENT) return closes;
    if (flags & L.ACK && E.stateOf(peer) == E.ESTABLISHED) {
      // Only the SYN was missed.
      E.setState(e, E.ESTABLISHED);
      put(c, L.PARTIAL_FLOW, false);
    } else E.setState(e, E.PARTIAL);
  }
  return closes;
}

function fromEstablished(e: usize, peer: usize, flags: u32): bool {
  if (flags & SYN && !(flags & L.ACK) && E.stateOf(e) == E.PARTIAL && E.stateOf(peer) == E.INACTIVE) E.setState(e, E.SYN_SENT);
  if (flags & FIN && !(flags & RST)) {
    E.setState(e, E.CLOSED);
    // The peer's FIN was followed by a RST: a normal end after all.
    if (E.stateOf(peer) == E.RESET && load<u8>(peer, L.PREVIOUS) == E.CLOSED) E.setState(peer, E.CLOSED);
    return true;
  }
  if (flags & RST) {
    E.setState(e, E.RESET);
    return true;
  }
  return false;
}

function clean(e: usize): bool {
  const state = E.stateOf(e);
  return state == E.ESTABLISHED || (state == E.CLOSED && load<u8>(e, L.PREVIOUS) == E.ESTABLISHED);
}

/** What the acknowledgement says about the sender's stream: holes below it were never captured. */
function heard(c: usize, sender: usize, other: usize, side: u32, seq: i64, clock: f64): void {
  const both = E.stateOf(sender) == E.ESTABLISHED && E.stateOf(other) == E.ESTABLISHED;
  acknowledged(c, sender, side, seq, has(c, L.PARTIAL_FLOW), clean(sender) && clean(other), both);
  finishStream(c, sender, other, side, clock);
}

/** A close that waited for missing data goes through once nothing is missing. */
function finishStream(c: usize, e: usize, peer: usize, side: u32, clock: f64): void {
  const over = E.marked(e, L.FINS) || E.stateOf(e) == E.CLOSED || E.stateOf(e) == E.RESET;
  if (E.marked(e, L.ENDED) || !over || pending(c, e, side ^ 1)) return;
  E.mark(e, L.ENDED);
  if (!has(c, L.DEFERRED)) return;
  put(c, L.DEFERRED, false);
  closed(c, e, peer, side, clock);
}

function closed(c: usize, e: usize, peer: usize, side: u32, clock: f64): void {
  if (pending(c, e, side ^ 1)) {
    put(c, L.DEFERRED, true);
    return;
  }
  put(c, L.DEFERRED, false);
  if (E.marked(e, L.DID_CLOSE)) return;
  E.mark(e, L.DID_CLOSE);
  if (E.stateOf(e) != E.RESET && !E.marked(peer, L.DID_CLOSE) && E.stateOf(peer) != E.INACTIVE) return;
  put(c, L.CLOSING, true);
  store<f64>(c, clock, L.TOUCHED);
}

/** A SYN on a five-tuple that is in use begins a new connection, unless it repeats the one that opened it. */
export function isReuse(c: usize): bool {
  const flags = load<u32>(P, L.P_FLAGS);
  if (!(flags & SYN)) return false;
  const seq = load<u32>(P, L.P_SEQ);
  const orig = sideOf(c, originator(c));
  const resp = sideOf(c, originator(c) ^ 1);
  if (flags & L.ACK && E.stateOf(orig) != E.INACTIVE) return false;
  const first = flags & L.ACK ? resp : orig;
  if (E.marked(orig, L.DID_CLOSE) || E.marked(resp, L.DID_CLOSE)) return true;
  if (seq == load<u32>(first, L.START)) return false;
  const swapped = !(flags & L.ACK) && E.stateOf(first) == E.SYN_ACK_SENT && E.stateOf(resp) == E.INACTIVE && seq == load<u32>(resp, L.START);
  return !swapped;
}
