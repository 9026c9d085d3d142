// What happened to flows, handed out row by row: whoever asked for it takes the rows when they are many, and at every pause.
import { historyAt, originator } from './history';
import { sizeOf } from './endpoint';
import { tcpState } from './state';
import * as L from './layout';

// @ts-ignore: decorator
@external('env', 'drain')
declare function drain(): void;

let rows: usize = 0;
let count: u32 = 0;

export function rowsAt(): usize {
  return rows;
}
export function rowCount(): u32 {
  return count;
}
export function clearRows(): void {
  count = 0;
}
export function placeRows(at: usize): void {
  rows = at;
}

function octets(c: usize, side: u32, tcp: bool, fiveTuple: bool): f64 {
  const s = c + L.SIDES + side * L.SIDE;
  // The five-tuple view looks at no sequence numbers.
  if (tcp) return fiveTuple ? 0 : <f64>sizeOf(s, c + L.SIDES + (side ^ 1) * L.SIDE);
  return <f64>max<i64>(0, load<i64>(s, L.BYTES));
}

function stateOf(c: usize, tcp: bool, fiveTuple: bool, history: usize): u32 {
  const protocol: u32 = load<u8>(c, L.PROTOCOL);
  if (tcp) return fiveTuple ? 12 : tcpState(c, history);
  if (protocol != L.UDP && protocol != L.SCTP) return 12;
  const orig = load<i64>(c + L.SIDES + originator(c) * L.SIDE, L.BYTES) >= 0;
  const resp = load<i64>(c + L.SIDES + (originator(c) ^ 1) * L.SIDE, L.BYTES) >= 0;
  return orig ? (resp ? 2 : 0) : resp ? 11 : 12; // SF, S0, SHR, OTH
}

/** Adds the flow as it stands. `kind`: 0 opened, 1 updated, 2 closed, with its `end`. */
export function addRow(c: usize, kind: u32, end: u32, at: f64, fiveTuple: bool): void {
  if (count == L.ROWS) drain();
  const r = rows + count * L.ROW;
  const orig = originator(c);
  const o = c + L.SIDES + orig * L.SIDE;
  const p = c + L.SIDES + (orig ^ 1) * L.SIDE;
  const tcp = load<u8>(c, L.PROTOCOL) == L.TCP;
  const odd: usize = load<u32>(c, L.ODD);
  const history = historyAt(c);
  store<f64>(r, at, L.R_AT);
  store<f64>(r, load<f64>(c, L.FIRST), L.R_FIRST);
  store<f64>(r, load<f64>(c, L.LAST), L.R_LAST);
  store<f64>(r, octets(c, orig, tcp, fiveTuple), L.R_ORIG_BYTES);
  store<f64>(r, octets(c, orig ^ 1, tcp, fiveTuple), L.R_RESP_BYTES);
  store<f64>(r, <f64>load<u64>(o, L.IP_BYTES), L.R_ORIG_IP);
  store<f64>(r, <f64>load<u64>(p, L.IP_BYTES), L.R_RESP_IP);
  store<f64>(r, odd ? <f64>load<u64>(odd, L.MISSED) : 0, L.R_MISSED);
  store<u32>(r, kind, L.R_KIND);
  store<u32>(r, end, L.R_END);
  store<u32>(r, load<u32>(c, L.ID), L.R_ID);
  store<u32>(r, load<u8>(c, L.PROTOCOL), L.R_PROTOCOL);
  store<u32>(r, load<u8>(c, L.VERSION), L.R_VERSION);
  store<i32>(r, load<i16>(c, L.VLAN), L.R_VLAN);
  store<u32>(r, load<u16>(c, L.TUNNEL), L.R_TUNNEL);
  store<u32>(r, stateOf(c, tcp, fiveTuple, history), L.R_STATE);
  store<u32>(r, load<u16>(o, L.PORT), L.R_ORIG_PORT);
  store<u32>(r, load<u16>(p, L.PORT), L.R_RESP_PORT);
  store<u32>(r, load<u32>(o, L.PACKETS), L.R_ORIG_PACKETS);
  store<u32>(r, load<u32>(p, L.PACKETS), L.R_RESP_PACKETS);
  store<u32>(r, odd ? load<u32>(odd, L.WRONG_FRAGMENTS) : 0, L.R_WRONG_FRAGMENTS);
  store<u32>(r, odd ? load<u32>(odd, L.URGENT) : 0, L.R_URGENT);
  memory.copy(r + L.R_ORIG, o + L.ADDRESS, 16);
  memory.copy(r + L.R_RESP, p + L.ADDRESS, 16);
  if (fiveTuple) memory.copy(r + L.R_FLAGS, c + L.SIDES + L.FLAG_COUNTS, 16);
  const letters: u32 = load<u8>(c, L.LETTERS);
  store<u32>(r, letters, L.R_LETTERS);
  store<u32>(r, 0, L.R_HISTORY);
  store<u64>(r, 0, L.R_HISTORY + 4);
  memory.copy(r + L.R_HISTORY, history, letters);
  count++;
}
