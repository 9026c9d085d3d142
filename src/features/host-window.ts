import type { ErrorClass, Seen } from './connection.js';
import { createCounts } from './counts.js';

/** The last connections to one host. */
export interface HostReading {
  count: number;
  syn: number;
  rejected: number;
  services: number;
  /** Connections to the same service of this host. */
  same: number;
  sameSyn: number;
  sameRejected: number;
  /** Connections from the same source port. */
  samePort: number;
}

export const emptyHostReading = (): HostReading => ({
  count: 0,
  syn: 0,
  rejected: 0,
  services: 0,
  same: 0,
  sameSyn: 0,
  sameRejected: 0,
  samePort: 0,
});

export interface HostWindows {
  /** Reads the host's window, with the connection itself where it is included, then keeps it. */
  observe(slot: number, seen: Seen, into: HostReading): void;
  /** Empties a host's window: its slot goes to another host. */
  clear(host: number, slot: number): void;
}

const SEGMENT = 64; // hosts a segment: memory comes as hosts come

/**
 * For each of `hosts` slots a ring of its last `size` connections, and counters over what the rings hold. O(1) a connection;
 * forgetting a host costs one step for each connection it held.
 */
export function createHostWindows(options: {
  readonly size: number;
  readonly hosts: number;
  readonly includeCurrent: boolean;
}): HostWindows {
  const { size, hosts, includeCurrent } = options;
  const segments: (Int32Array | undefined)[] = [];
  const first = new Uint16Array(hosts);
  const length = new Uint16Array(hosts);
  const totals = new Int32Array(hosts * 3); // syn, rejected, services
  const pairs = createCounts(3); // host and service: count, syn, rejected
  const ports = createCounts(1); // host and source port

  const rowOf = (slot: number): Int32Array => {
    const at = Math.floor(slot / SEGMENT);
    let segment = segments[at];
    if (segment === undefined) {
      segment = new Int32Array(SEGMENT * size * 2);
      segments[at] = segment;
    }
    return segment;
  };

  let [p, q] = [0, 0]; // where the pairs last asked for lie

  const find = (host: number, service: number, port: number): void => {
    p = pairs.at(host, service);
    q = ports.at(host, port);
  };

  const change = (host: number, slot: number, service: number, port: number, error: ErrorClass, by: 1 | -1): void => {
    find(host, service, port);
    const pair = pairs.values();
    pair[p]! += by;
    if (pair[p] === (by === 1 ? 1 : 0)) totals[slot * 3 + 2]! += by;
    if (error !== 0) {
      pair[p + error]! += by;
      totals[slot * 3 + error - 1]! += by;
    }
    ports.values()[q]! += by;
  };

  const drop = (host: number, slot: number): void => {
    const row = rowOf(slot);
    const at = ((slot % SEGMENT) * size + first[slot]!) * 2;
    const packed = row[at]!;
    first[slot] = first[slot]! + 1 === size ? 0 : first[slot]! + 1;
    length[slot]!--;
    change(host, slot, packed >>> 2, row[at + 1]!, (packed & 3) as ErrorClass, -1);
  };

  const keep = (slot: number, seen: Seen): void => {
    if (length[slot] === size) drop(seen.host, slot);
    const row = rowOf(slot);
    const behind = first[slot]! + length[slot]!;
    const at = ((slot % SEGMENT) * size + (behind < size ? behind : behind - size)) * 2;
    row[at] = (seen.service << 2) | seen.error;
    row[at + 1] = seen.sourcePort;
    length[slot]!++;
    change(seen.host, slot, seen.service, seen.sourcePort, seen.error, 1);
  };

  return {
    observe(slot, seen, into) {
      if (includeCurrent) keep(slot, seen);
      into.count = length[slot]!;
      into.syn = totals[slot * 3]!;
      into.rejected = totals[slot * 3 + 1]!;
      into.services = totals[slot * 3 + 2]!;
      if (!includeCurrent) find(seen.host, seen.service, seen.sourcePort);
      const pair = pairs.values();
      into.same = pair[p]!;
      into.sameSyn = pair[p + 1]!;
      into.sameRejected = pair[p + 2]!;
      into.samePort = ports.values()[q]!;
      if (!includeCurrent) keep(slot, seen);
    },
    clear(host, slot) {
      while (length[slot]! > 0) drop(host, slot);
    },
  };
}
