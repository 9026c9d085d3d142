// What the ends' states say of a TCP connection as a whole.
import { originator } from './history';
import { sideOf } from './tcp';
import * as E from './endpoint';
import * as L from './layout';

/** The last word of the states on a TCP connection: its place in Zeek's S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH. */
export function tcpState(c: usize, history: usize): u32 {
  const o = sideOf(c, originator(c));
  const r = sideOf(c, originator(c) ^ 1);
  const orig = E.stateOf(o);
  const resp = E.stateOf(r);
  const origIdle = orig == E.INACTIVE || orig == E.PARTIAL;
  const respIdle = resp == E.INACTIVE || resp == E.PARTIAL;
  if (resp == E.RESET) {
    const silent = orig == E.RESET && E.sizeOf(o, r) == 0 && E.sizeOf(r, o) == 0;
    if (orig == E.SYN_SENT || orig == E.SYN_ACK_SENT || silent) return 3; // REJ
    return origIdle ? 9 : 7; // RSTRH, RSTR
  }
  if (orig == E.RESET) {
    if (!respIdle) return 6; // RSTO
    return synThenReset(history, load<u8>(c, L.LETTERS)) ? 8 : 12; // RSTOS0, OTH
  }
  if (orig == E.CLOSED && resp == E.CLOSED) return 2; // SF
  if (orig == E.CLOSED) return respIdle ? 10 : 4; // SH, S2
  if (resp == E.CLOSED) return origIdle ? 11 : 5; // SHR, S3
  if (orig == E.SYN_SENT && resp == E.INACTIVE) return 0; // S0
  return orig == E.ESTABLISHED && resp == E.ESTABLISHED ? 1 : 12; // S1, OTH
}

/** A SYN and then a reset, with nothing of H A F G I Q between. */
function synThenReset(at: usize, letters: u32): bool {
  let i: u32 = letters > 0 && load<u8>(at) == 0x5e ? 1 : 0;
  if (i >= letters || load<u8>(at + i) != 0x53) return false;
  for (i++; i < letters; i++) {
    const letter: u32 = load<u8>(at + i);
    if (letter == 0x52) return true;
    if (letter == 0x48 || letter == 0x41 || letter == 0x46 || letter == 0x47 || letter == 0x49 || letter == 0x51) return false;
  }
  return false;
}

export function unanswered(c: usize): bool {
  const orig = E.stateOf(sideOf(c, originator(c)));
  return (orig == E.SYN_SENT || orig == E.SYN_ACK_SENT) && E.stateOf(sideOf(c, originator(c) ^ 1)) == E.INACTIVE;
}

export function inHandshake(c: usize): bool {
  return E.stateOf(sideOf(c, 0)) < E.PARTIAL && E.stateOf(sideOf(c, 1)) < E.PARTIAL;
}
