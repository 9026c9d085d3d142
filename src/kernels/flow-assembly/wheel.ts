// A timing wheel of 1 s slots (Varghese, Lauck 1987): constant cost a flow whatever their number. A flow whose time has moved is put right
// when its old slot comes up.
import { DUE, ID, NEXT, PREV } from './layout';

const SLOTS: usize = 512;
const heads: usize = memory.data(2048, 16);
const SECOND: f64 = 1e6;
/** The last second that was gone through. */
let tick: f64 = -Infinity;

function slotOf(second: f64): usize {
  return <usize>(<i64>max(-9e15, min(9e15, second)) & 511);
}

export function add(c: usize): void {
  // Never into the slot that is open or behind: it comes up only a turn later.
  const second = max(Math.floor(min(load<f64>(c, DUE), 1e18) / SECOND) + 1, tick + 1);
  const head = heads + (slotOf(second) << 2);
  const next: usize = load<u32>(head);
  store<u32>(c, <u32>next, NEXT);
  store<u32>(c, <u32>head, PREV);
  if (next) store<u32>(next, <u32>(c + NEXT), PREV);
  store<u32>(head, <u32>c);
}

export function remove(c: usize): void {
  const next: usize = load<u32>(c, NEXT);
  store<u32>(load<u32>(c, PREV), <u32>next);
  if (next) store<u32>(next, load<u32>(c, PREV), PREV);
}

/** Takes out all that is due at `now`: a list by NEXT, earliest first, ties by id. Due times may have moved later, never earlier. */
export function advance(now: f64): usize {
  const second = Math.floor(now / SECOND);
  if (tick == -Infinity) tick = second;
  if (second <= tick) return 0;
  const steps = <u32>min(second - tick, <f64>SLOTS);
  const from = tick + 1;
  tick = second;
  let due: usize = 0;
  for (let step: u32 = 0; step < steps; step++) {
    const head = heads + (slotOf(from + <f64>step) << 2);
    let c: usize = load<u32>(head);
    store<u32>(head, 0);
    while (c) {
      const next: usize = load<u32>(c, NEXT);
      if (load<f64>(c, DUE) <= now) {
        store<u32>(c, <u32>due, NEXT);
        due = c;
      } else add(c);
      c = next;
    }
  }
  return sorted(due, true);
}

/** What is due first, to within a second; 0 when empty. */
export function first(): usize {
  const from = tick == -Infinity ? 0 : tick + 1;
  // Twice round: flows whose time has moved are put right on the way.
  for (let step: u32 = 0; step < 2 * <u32>SLOTS; step++) {
    const second = from + <f64>step;
    const head = heads + (slotOf(second) << 2);
    for (let c: usize = load<u32>(head); c; ) {
      const next: usize = load<u32>(c, NEXT);
      if (step >= <u32>SLOTS || load<f64>(c, DUE) <= second * SECOND) return c;
      remove(c);
      add(c);
      const due = max(Math.floor(min(load<f64>(c, DUE), 1e18) / SECOND) + 1, tick + 1);
      if (slotOf(due) == slotOf(second)) return c;
      c = next;
    }
  }
  return 0;
}

/** Takes out everything: a list by NEXT, in the order of ids. */
export function drain(): usize {
  let all: usize = 0;
  for (let slot: usize = 0; slot < SLOTS; slot++) {
    const head = heads + (slot << 2);
    for (let c: usize = load<u32>(head); c; ) {
      const next: usize = load<u32>(c, NEXT);
      store<u32>(c, <u32>all, NEXT);
      all = c;
      c = next;
    }
    store<u32>(head, 0);
  }
  return sorted(all, false);
}

/** Sets an empty wheel to another time, also an earlier one. */
export function restart(now: f64): void {
  tick = Math.floor(now / SECOND);
}

// --- a natural merge sort of lists: no memory of its own, one pass over what is in order already ---

const bins: usize = memory.data(128, 16);

function before(a: usize, b: usize, byDue: bool): bool {
  if (byDue) {
    const x = load<f64>(a, DUE);
    const y = load<f64>(b, DUE);
    if (x != y) return x < y;
  }
  return load<u32>(a, ID) < load<u32>(b, ID);
}

function merge(a: usize, b: usize, byDue: bool): usize {
  if (!a) return b;
  if (!b) return a;
  let head: usize = 0;
  let tail: usize = 0;
  while (a && b) {
    let least = a;
    if (before(b, a, byDue)) {
      least = b;
      b = load<u32>(b, NEXT);
    } else a = load<u32>(a, NEXT);
    if (tail) store<u32>(tail, <u32>least, NEXT);
    else head = least;
    tail = least;
  }
  store<u32>(tail, <u32>(a ? a : b), NEXT);
  return head;
}

function sorted(list: usize, byDue: bool): usize {
  let rest = list;
  let most: usize = 0;
  while (rest) {
    // The next run: as far as it rises.
    let run = rest;
    let end = rest;
    let next: usize = load<u32>(end, NEXT);
    while (next && before(end, next, byDue)) {
      end = next;
      next = load<u32>(end, NEXT);
    }
    store<u32>(end, 0, NEXT);
    rest = next;
    // Bin i holds about 2^i runs.
    let i: usize = 0;
    for (; i < most && load<u32>(bins + (i << 2)); i++) {
      run = merge(load<u32>(bins + (i << 2)), run, byDue);
      store<u32>(bins + (i << 2), 0);
    }
    if (i == most) most++;
    store<u32>(bins + (i << 2), <u32>run);
  }
  let all: usize = 0;
  for (let i: usize = 0; i < most; i++) {
    all = merge(load<u32>(bins + (i << 2)), all, byDue);
    store<u32>(bins + (i << 2), 0);
  }
  return all;
}
