// When an open flow ends if nothing more comes, and why it ended: Zeek's time-outs, or the bare five-tuple's two.
import { originator } from './history';
import { inHandshake, unanswered } from './state';
import { sideOf } from './tcp';
import * as E from './endpoint';
import * as L from './layout';
import { TCP, UDP } from './layout';
import * as ports from './ports';

// Why a flow ended, as places in `closed idle active flushed evicted`.
export const BY_CLOSE: u32 = 0;
export const BY_SILENCE: u32 = 1;
export const BY_AGE: u32 = 2;
export const BY_FLUSH: u32 = 3;
export const BY_EVICTION: u32 = 4;

let tcpInactivity: f64 = 0;
let inactivity: f64 = 0;
let interactive: f64 = 0;
let dns: f64 = 0;
let attempt: f64 = 0;
let closeDelay: f64 = 0;
let active: f64 = 0;

/** Microseconds. */
export function setTimeouts(tcp: f64, other: f64, people: f64, names: f64, syn: f64, closing: f64, age: f64): void {
  tcpInactivity = tcp;
  inactivity = other;
  interactive = people;
  dns = names;
  attempt = syn;
  closeDelay = closing;
  active = age;
}

export function isTcp(c: usize): bool {
  return load<u8>(c, L.PROTOCOL) == TCP;
}

/** When the flow ends if nothing more comes. */
export function dueOf(c: usize, fiveTuple: bool): f64 {
  const started = load<f64>(c, L.OPENED);
  const touched = load<f64>(c, L.TOUCHED);
  const age = started + active;
  if (fiveTuple) return min(touched + inactivity, age);
  if (load<u8>(c, L.STATUS) & L.CLOSING) return min(touched + closeDelay, age);
  const responder: u32 = load<u16>(sideOf(c, originator(c) ^ 1), L.PORT);
  if (!isTcp(c)) {
    if (load<u8>(c, L.PROTOCOL) == UDP && dns < Infinity && ports.isDns(responder)) {
      // Zeek looks every `dns` seconds whether the last nine tenths were silent.
      const looks = max(1, Math.ceil((touched + 0.9 * dns - started) / dns));
      return min(started + looks * dns, age);
    }
    return min(touched + inactivity, age);
  }
  if (unanswered(c)) return min(started + attempt, age);
  const a = sideOf(c, 0);
  const b = sideOf(c, 1);
  const idle = E.stateOf(a) == E.INACTIVE || E.stateOf(b) == E.INACTIVE;
  if (E.stateOf(a) == E.INACTIVE && E.stateOf(b) == E.INACTIVE) return min(started + 2 * attempt, age);
  const oneClosed = E.marked(a, L.DID_CLOSE) || E.marked(b, L.DID_CLOSE);
  if (oneClosed && (idle || E.stateOf(a) == E.RESET || E.stateOf(b) == E.RESET)) return min(touched + 2 * closeDelay, age);
  if (inHandshake(c)) return min(touched + inactivity, age);
  return min(touched + (ports.isInteractive(responder) ? interactive : tcpInactivity), age);
}

export function why(c: usize): u32 {
  const due = load<f64>(c, L.DUE);
  if (load<u8>(c, L.STATUS) & L.CLOSING && load<f64>(c, L.TOUCHED) + closeDelay <= due) return BY_CLOSE;
  return due >= load<f64>(c, L.OPENED) + active ? BY_AGE : BY_SILENCE;
}
