import { ACK, FIN, type Packet, RST, SYN } from '../../../src/packet.js';
import { type Connection, flip } from './connection.js';
import {
  advanceAck,
  advanceLast,
  begin,
  CLOSED,
  delta,
  type Endpoint,
  ESTABLISHED,
  INACTIVE,
  PARTIAL,
  RESET,
  relative,
  SYN_ACK_SENT,
  SYN_SENT,
  setState,
} from './endpoint.js';
import { addLetter, scaled } from './history.js';
import { acknowledged, pending, received } from './stream.js';

/** Acknowledgements judged, and those of octets never captured. */
export interface Loss {
  acks: number;
  gaps: number;
}

/** A SYN or RST whose number lies further off than this is not believed; nor is an acknowledgement of 0 that far ahead. */
const FAR = 1048576;

/** Bits of Endpoint.seen. */
const SEEN_SYN = 1;
const SEEN_FIN = 2;
const SEEN_RST = 4;
const SEEN_DATA = 8;
const SEEN_ACK = 16;
const SEEN_MULTI = 32;
const SEEN_FIN_RST = 64;

/**
 * One TCP packet moves its connection on, as Zeek's TCP session adapter does: numbering, history, window, acknowledgement, states, gaps,
 * close. `closeDelay` in microseconds.
 */
export function tcpPacket(conn: Connection, packet: Packet, fromOrig: boolean, closeDelay: number, loss: Loss): void {
  const end = fromOrig ? conn.origEnd! : conn.respEnd!;
  const peer = fromOrig ? conn.respEnd! : conn.origEnd!;
  const { flags, seq, ack, payload } = packet;
  notePartial(conn, flags, fromOrig);
  const segment = (flags & RST ? 0 : payload) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const past = (seq + segment) >>> 0;
  number(end, flags, seq, past);
  const rel = relative(end, seq, end.last, end.lastWraps);
  letters(conn, end, fromOrig, flags, rel, payload);
  if (packet.window === 0 && !(flags & RST) && peer.state !== CLOSED && end.state !== RESET) {
    if (scaled(++end.zeroWindows)) addLetter(conn, 'W', fromOrig);
  }
  if (!conn.origEnd!.didClose || !conn.respEnd!.didClose) conn.last = packet.ts;
  if (flags & FIN) {
    end.fins++;
    end.finSeq = rel + segment;
  }
  const relAck = flags & ACK ? acknowledge(peer, flags, ack) : 0;
  extend(conn, end, fromOrig, flags, past, payload);
  const close = transit(conn, end, peer, packet, fromOrig);
  // The roles may just have been turned round.
  const isOrig = end === conn.origEnd;
  if (flags & ACK) heard(conn, peer, end, relAck, isOrig, closeDelay, loss);
  if (isOrig) conn.origSeen = true;
  else conn.respSeen = true;
  if (payload > 0 && !(flags & RST) && rel >= 0) received(end, flags & SYN ? rel + 1 : rel, payload);
  finishStream(conn, end, peer, closeDelay);
  if (close) closed(conn, end, peer, closeDelay);
}

function notePartial(conn: Connection, flags: number, fromOrig: boolean): void {
  if (fromOrig) {
    if (!conn.origSeen) conn.partial = !(flags & SYN) || (flags & ACK) !== 0;
  } else if (!conn.respSeen && !conn.partial) conn.partial = !(flags & SYN);
}

/** Where numbering begins, or begins again with a SYN that means it. */
function number(end: Endpoint, flags: number, seq: number, past: number): void {
  const syn = (flags & SYN) !== 0;
  if (end.state === INACTIVE) {
    // Without a SYN: numbered as if one had come just before.
    if (syn) begin(end, seq, past);
    else begin(end, seq - 1, seq);
  } else if (syn && end.state === RESET) {
    // An earlier RST set the numbers and may have been forged.
    if (end.previous === INACTIVE) begin(end, seq, past);
  } else if (syn && end.state !== CLOSED && (seq !== end.start || end.state === ESTABLISHED || end.state === PARTIAL))
    begin(end, seq, past);
}

function letters(conn: Connection, end: Endpoint, fromOrig: boolean, flags: number, rel: number, payload: number): void {
  const kinds = (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0) + (flags & RST ? 1 : 0);
  if (kinds > 1) {
    if (flags & FIN && flags & RST) once(conn, end, fromOrig, SEEN_FIN_RST, 'I');
    else once(conn, end, fromOrig, SEEN_MULTI, 'Q');
  } else if (flags & SYN) {
    const letter = flags & ACK ? 'H' : 'S';
    if (!once(conn, end, fromOrig, SEEN_SYN, letter) && delta(rel, end.lastSyn) !== 0) addLetter(conn, letter, fromOrig);
    end.lastSyn = rel;
  } else if (flags & FIN) {
    if (!once(conn, end, fromOrig, SEEN_FIN, 'F') && delta(rel + payload, end.lastFin) !== 0) addLetter(conn, 'F', fromOrig);
    end.lastFin = rel + payload;
  } else if (flags & RST) {
    if (!once(conn, end, fromOrig, SEEN_RST, 'R') && delta(rel, end.lastRst) !== 0) addLetter(conn, 'R', fromOrig);
    end.lastRst = rel;
  } else if (payload > 0) once(conn, end, fromOrig, SEEN_DATA, 'D');
  else if (flags & ACK) once(conn, end, fromOrig, SEEN_ACK, 'A');
}

/** Enters a letter the first time; true when it was. */
function once(conn: Connection, end: Endpoint, fromOrig: boolean, bit: number, letter: string): boolean {
  if (end.seen & bit) return false;
  end.seen |= bit;
  addLetter(conn, letter, fromOrig);
  return true;
}

/** Takes the acknowledgement over for the peer; answers it relative to the peer's SYN, 0 where it makes no sense. */
function acknowledge(peer: Endpoint, flags: number, ack: number): number {
  if (peer.state === INACTIVE) {
    begin(peer, ack - 1, ack - 1);
    return 1;
  }
  const rel = relative(peer, ack, peer.acked, peer.ackedWraps);
  if (rel < 0) return 0;
  const ahead = delta(ack, peer.acked);
  // Acknowledgements in a RST are not trusted.
  if (!(flags & RST) && ahead > 0 && !(ack === 0 && ahead > FAR)) advanceAck(peer, ack);
  return rel;
}

/** Moves the end's highest number on, or counts a retransmission. */
function extend(conn: Connection, end: Endpoint, fromOrig: boolean, flags: number, past: number, payload: number): void {
  const ahead = delta(past, end.last);
  if (flags & (SYN | RST) && (ahead > FAR || ahead < -FAR)) return;
  if (flags & FIN && end.last === (end.start + 1) >>> 0) advanceLast(end, past);
  else if (end.state === RESET) return;
  else if (ahead > 0) advanceLast(end, past);
  else if (payload > 0 && scaled(++end.retransmissions)) addLetter(conn, 'T', fromOrig);
}

/** The state machine proper. True when this end closes. */
function transit(conn: Connection, end: Endpoint, peer: Endpoint, packet: Packet, fromOrig: boolean): boolean {
  switch (end.state) {
    case INACTIVE:
      return fromInactive(conn, end, peer, packet, fromOrig);
    case SYN_SENT:
    case SYN_ACK_SENT:
      return fromSynSent(end, packet.flags);
    case ESTABLISHED:
    case PARTIAL:
      return fromEstablished(end, peer, packet.flags);
    case CLOSED:
      if (!(packet.flags & RST) || peer.state === CLOSED) return false;
      setState(end, RESET);
      return !end.didClose;
    default:
      return false;
  }
}

function fromInactive(conn: Connection, end: Endpoint, peer: Endpoint, packet: Packet, fromOrig: boolean): boolean {
  const { flags, seq, payload } = packet;
  let closes = false;
  if (flags & SYN) {
    if (fromOrig) setState(end, flags & ACK ? SYN_ACK_SENT : SYN_SENT);
    else {
      if (!(flags & ACK) && peer.state === SYN_ACK_SENT && seq === end.start) {
        // SYN and SYN-ACK arrived in the wrong order: turn the roles round.
        flip(conn);
        setState(peer, ESTABLISHED);
        conn.origSeen = true;
      }
      if (peer.state === SYN_SENT) setState(peer, ESTABLISHED);
      setState(end, ESTABLISHED);
    }
  }
  if (flags & FIN) {
    setState(end, CLOSED);
    closes = true;
  }
  if (flags & RST) {
    setState(end, RESET);
    closes = true;
  }
  if (end.state === INACTIVE) {
    // Some stacks acknowledge a SYN before they answer it.
    if (!fromOrig && payload === 0 && conn.origEnd!.state === SYN_SENT) return closes;
    if (flags & ACK && peer.state === ESTABLISHED) {
      // Only the SYN was missed.
      setState(end, ESTABLISHED);
      conn.partial = false;
    } else setState(end, PARTIAL);
  }
  return closes;
}

function fromSynSent(end: Endpoint, flags: number): boolean {
  if (flags & FIN) setState(end, CLOSED);
  if (flags & RST) setState(end, RESET);
  return (flags & (FIN | RST)) !== 0;
}

function fromEstablished(end: Endpoint, peer: Endpoint, flags: number): boolean {
  if (flags & SYN && !(flags & ACK) && end.state === PARTIAL && peer.state === INACTIVE) setState(end, SYN_SENT);
  if (flags & FIN && !(flags & RST)) {
    setState(end, CLOSED);
    // The peer's FIN was followed by a RST: a normal end after all.
    if (peer.state === RESET && peer.previous === CLOSED) setState(peer, CLOSED);
    return true;
  }
  if (flags & RST) {
    setState(end, RESET);
    return true;
  }
  return false;
}

/** What the acknowledgement says about the sender's stream: holes below it were never captured. */
function heard(conn: Connection, sender: Endpoint, other: Endpoint, seq: number, fromOrig: boolean, closeDelay: number, loss: Loss): void {
  const clean = (e: Endpoint): boolean => e.state === ESTABLISHED || (e.state === CLOSED && e.previous === ESTABLISHED);
  const report = clean(sender) && clean(other);
  const both = sender.state === ESTABLISHED && other.state === ESTABLISHED;
  acknowledged(sender, seq, conn.partial, both ? loss : null, (octets) => {
    if (!report) return;
    conn.missed += octets;
    if (scaled(++sender.gaps)) addLetter(conn, 'G', !fromOrig);
  });
  finishStream(conn, sender, other, closeDelay);
}

/** A close that waited for missing data goes through once nothing is missing. */
function finishStream(conn: Connection, end: Endpoint, peer: Endpoint, closeDelay: number): void {
  if (end.ended || !(end.fins > 0 || end.state === CLOSED || end.state === RESET) || pending(end, peer)) return;
  end.ended = true;
  if (!conn.closeDeferred) return;
  conn.closeDeferred = false;
  closed(conn, end, peer, closeDelay);
}

function closed(conn: Connection, end: Endpoint, peer: Endpoint, closeDelay: number): void {
  if (pending(end, peer)) {
    conn.closeDeferred = true;
    return;
  }
  conn.closeDeferred = false;
  if (end.didClose) return;
  end.didClose = true;
  if (end.state === RESET || peer.didClose || peer.state === INACTIVE) conn.closing = conn.touched + closeDelay;
}

/** A SYN on a five-tuple that is in use begins a new connection, unless it repeats the one that opened it. */
export function isReuse(conn: Connection, packet: Packet): boolean {
  const { flags, seq } = packet;
  if (!(flags & SYN)) return false;
  const orig = conn.origEnd!;
  const resp = conn.respEnd!;
  if (flags & ACK && orig.state !== INACTIVE) return false;
  const first = flags & ACK ? resp : orig;
  if (orig.didClose || resp.didClose) return true;
  if (seq === first.start) return false;
  const swapped = !(flags & ACK) && first.state === SYN_ACK_SENT && resp.state === INACTIVE && seq === resp.start;
  return !swapped;
}

export const unanswered = (conn: Connection): boolean =>
  (conn.origEnd!.state === SYN_SENT || conn.origEnd!.state === SYN_ACK_SENT) && conn.respEnd!.state === INACTIVE;

export const inHandshake = (conn: Connection): boolean => conn.origEnd!.state < PARTIAL && conn.respEnd!.state < PARTIAL;
