import type { ConnState } from '../flow.js';

/**
 * Argus's TCP state (`flags seen from the source`_`flags seen from the destination`, letters FSRPAECU in any order) -> Zeek's conn_state.
 * Argus does not say in which order flags came; where it matters the rule is the one that Zeek's commonest order gives.
 *
 * | source | destination | conn_state |
 * |-|-|-|
 * | S, no A F R | nothing | S0 |
 * | S and F, no R | nothing | SH |
 * | S and R | nothing | RSTOS0 |
 * | S, no A F | R, no S | REJ |
 * | S | S, both sent F (a reset after two FINs ends nothing more) | SF |
 * | S | S, R from the source | RSTO |
 * | S | S, R from the destination only | RSTR |
 * | S | S, F from the source only | S2 |
 * | S | S, F from the destination only | S3 |
 * | S | S, neither | S1 |
 * | nothing | S and R | RSTRH |
 * | nothing | S and F | SHR |
 * | anything else: no S at all, or the half of a handshake | | OTH |
 * @example tcpState('FSPA_FSPA')  // 'SF'
 */
export function tcpState(text: string): ConnState | null {
  const flags = /^([FSRPAECU]*)_([FSRPAECU]*)$/.exec(text);
  if (!flags) return null;
  const [orig, resp] = [flags[1]!, flags[2]!];
  const [origSyn, origFin, origRst, origAck] = [orig.includes('S'), orig.includes('F'), orig.includes('R'), orig.includes('A')];
  const [respSyn, respFin, respRst] = [resp.includes('S'), resp.includes('F'), resp.includes('R')];
  if (origSyn && respSyn) {
    if (origFin && respFin) return 'SF';
    if (origRst) return 'RSTO';
    if (respRst) return 'RSTR';
    return origFin ? 'S2' : respFin ? 'S3' : 'S1';
  }
  if (origSyn && resp === '') return origRst ? 'RSTOS0' : origFin ? 'SH' : origAck ? 'OTH' : 'S0';
  if (origSyn && respRst && !origAck && !origFin) return 'REJ';
  if (respSyn && orig === '') return respRst ? 'RSTRH' : respFin ? 'SHR' : 'OTH';
  return 'OTH';
}

/**
 * UDP: CON (both spoke) -> SF, INT and REQ (only the source) -> S0, RSP (only the destination) -> SHR; another word goes by who sent
 * bytes. ICMP and the rest have no connection: OTH, as in Zeek.
 */
export function otherState(proto: string, text: string, origBytes: number, respBytes: number): ConnState {
  if (proto !== 'udp') return 'OTH';
  if (text === 'CON') return 'SF';
  if (text === 'INT' || text === 'REQ') return 'S0';
  if (text === 'RSP') return 'SHR';
  return respBytes === 0 ? 'S0' : origBytes === 0 ? 'SHR' : 'SF';
}
