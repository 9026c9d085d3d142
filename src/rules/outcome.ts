import type { Flow } from '../flow.js';
import { lettersOf } from './letters.js';

/**
 * How a connection was received:
 * `unanswered` nothing came back in PATIENCE; `refused` a reset came back at once; `empty` it was accepted and ended without payload from
 * the originator (half-open and connect scans of open ports); `half-open` it was accepted and the originator never completed the handshake
 * (SYN floods); `accepted` anything else.
 */
export type Outcome = 'unanswered' | 'refused' | 'empty' | 'half-open' | 'accepted';

/** While none is known: no answer yet, a SYN-ACK came, the handshake is complete. */
export type Waiting = 'waiting' | 'greeted' | 'talking';

/** The first packet's kind: a TCP SYN, a TCP packet without one (FIN, NULL, XMAS, ACK), a datagram, an ICMP echo request. */
export type Probe = 'syn' | 'no-syn' | 'datagram' | 'echo';

/**
 * How long an answer may take before its absence counts: 2 s. TCP itself gives the first SYN 1 s (RFC 6298), round trips above 1 s do not
 * last, and an alert must come within 5 s of its cause.
 */
export const PATIENCE = 2e6;

/** Payload a service may send by itself (banner) to a scanner that never speaks, bytes. */
const BANNER = 512;

/**
 * Whether nobody in particular is addressed, so that silence means nothing: IPv4 and IPv6 groups, and broadcast. The last octet 255 is
 * taken for a broadcast address, as the net mask is not known.
 */
export function isMulticast(address: string): boolean {
  if (address.endsWith('.255')) return true;
  if (address.startsWith('2')) {
    const head = Number(address.slice(0, 3));
    return head >= 224 && head <= 239;
  }
  return address.startsWith('ff') && address.includes(':');
}

/** What kind of first packet a flow shows; null where it is not one that asks for something. */
export function probeOf(flow: Flow): Probe | null {
  const { history } = flow;
  switch (flow.proto) {
    case 'tcp':
      if (lettersOf(history).asked) return 'syn';
      // Flow records of other tools have no history: their state says whether a connection was asked for.
      if (history === '' && flow.conn_state !== 'OTH') return 'syn';
      return flow.orig_bytes > 0 || flow.resp_bytes > 0 || lettersOf(history).inside ? null : 'no-syn';
    case 'udp':
    case 'sctp':
      return 'datagram';
    case 'icmp':
      return flow.orig_p === 8 ? 'echo' : null;
    case 'icmp6':
      return flow.orig_p === 128 ? 'echo' : null;
    default:
      return null;
  }
}

/** The outcome as far as the flow tells it. `over`: the flow is closed, so no answer can come any more. */
export function outcomeOf(flow: Flow, probe: Probe, over: boolean): Outcome | Waiting {
  if (flow.resp_pkts === 0 && flow.resp_bytes === 0) return over ? 'unanswered' : 'waiting';
  if (probe === 'datagram' || probe === 'echo') return 'accepted';
  const { history } = flow;
  if (history === '' && flow.conn_state === 'REJ') return 'refused';
  const { spoke, accepted, refused, ended, greeted } = lettersOf(history);
  if (flow.orig_bytes > 0 || flow.resp_bytes > BANNER || spoke) return 'accepted';
  if (!accepted && (refused || flow.conn_state === 'REJ')) return 'refused';
  if (accepted && ended) return 'empty';
  if (greeted) return over ? 'half-open' : 'greeted';
  return over ? 'accepted' : 'talking';
}
