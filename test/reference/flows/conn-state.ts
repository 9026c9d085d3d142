import type { ConnState } from '../../../src/flow.js';
import { ipProtocols as P } from '../../../src/packet.js';
import { CLOSED, type Endpoint, ESTABLISHED, INACTIVE, PARTIAL, RESET, SYN_ACK_SENT, SYN_SENT, sizeOf } from './endpoint.js';

interface Ended {
  readonly protocol: number;
  readonly history: string;
  readonly orig: { readonly bytes: number };
  readonly resp: { readonly bytes: number };
  readonly origEnd: Endpoint | null;
  readonly respEnd: Endpoint | null;
}

/** Zeek's conn_state (base/protocols/conn/main.zeek): TCP by the states of its two ends, UDP and SCTP by who spoke, all else OTH. */
export function connState(conn: Ended): ConnState {
  if (conn.origEnd !== null && conn.respEnd !== null) return tcpState(conn.origEnd, conn.respEnd, conn.history);
  if (conn.protocol !== P.UDP && conn.protocol !== P.SCTP) return 'OTH';
  if (conn.orig.bytes >= 0) return conn.resp.bytes >= 0 ? 'SF' : 'S0';
  return conn.resp.bytes >= 0 ? 'SHR' : 'OTH';
}

function tcpState(orig: Endpoint, resp: Endpoint, history: string): ConnState {
  const origIdle = orig.state === INACTIVE || orig.state === PARTIAL;
  const respIdle = resp.state === INACTIVE || resp.state === PARTIAL;
  if (resp.state === RESET) {
    const silent = orig.state === RESET && sizeOf(orig, resp) === 0 && sizeOf(resp, orig) === 0;
    if (orig.state === SYN_SENT || orig.state === SYN_ACK_SENT || silent) return 'REJ';
    return origIdle ? 'RSTRH' : 'RSTR';
  }
  if (orig.state === RESET) {
    if (!respIdle) return 'RSTO';
    // A SYN and then a reset, with nothing established between.
    return /^\^?S[^HAFGIQ]*R/.test(history) ? 'RSTOS0' : 'OTH';
  }
  if (orig.state === CLOSED && resp.state === CLOSED) return 'SF';
  if (orig.state === CLOSED) return respIdle ? 'SH' : 'S2';
  if (resp.state === CLOSED) return origIdle ? 'SHR' : 'S3';
  if (orig.state === SYN_SENT && resp.state === INACTIVE) return 'S0';
  return orig.state === ESTABLISHED && resp.state === ESTABLISHED ? 'S1' : 'OTH';
}
