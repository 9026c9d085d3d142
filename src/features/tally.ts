import { NONE, type Seen } from './connection.js';
import { createCounts } from './counts.js';

/** What a window holds about one host, one service, and both together. Whole numbers; overwritten by the next reading. */
export interface Reading {
  hostCount: number;
  hostSyn: number;
  hostRejected: number;
  /** Different services of this host. */
  hostServices: number;
  serviceCount: number;
  serviceSyn: number;
  serviceRejected: number;
  /** Different hosts of this service. */
  serviceHosts: number;
  bothCount: number;
  bothSyn: number;
  bothRejected: number;
}

export const emptyReading = (): Reading => ({
  hostCount: 0,
  hostSyn: 0,
  hostRejected: 0,
  hostServices: 0,
  serviceCount: 0,
  serviceSyn: 0,
  serviceRejected: 0,
  serviceHosts: 0,
  bothCount: 0,
  bothSyn: 0,
  bothRejected: 0,
});

/** Counts the connections inside a window under host, service and both. O(1) each. */
export interface Tally {
  add(seen: Seen): void;
  /** Adds it, and reads what is then held about its own host and service: the same as `add` and `read`, found once. */
  addAndRead(seen: Seen, into: Reading): void;
  /** Takes away what was added. */
  remove(seen: Seen): void;
  read(host: number, service: number, into: Reading): void;
}

export function createTally(): Tally {
  // count, syn errors, rejections, different partners
  const hosts = createCounts(4);
  const services = createCounts(4);
  const both = createCounts(3);

  let [h, s, b] = [0, 0, 0];

  const find = (host: number, service: number): void => {
    h = hosts.at(host, 0);
    s = services.at(service, 0);
    b = both.at(host, service);
  };

  const change = (seen: Seen, by: 1 | -1): void => {
    const { error } = seen;
    find(seen.host, seen.service);
    const pair = both.values();
    const byHost = hosts.values();
    const byService = services.values();
    pair[b]! += by;
    const edge = pair[b] === (by === 1 ? 1 : 0) ? by : 0; // a pair came to life or died
    byHost[h]! += by;
    byHost[h + 3]! += edge;
    byService[s]! += by;
    byService[s + 3]! += edge;
    if (error !== NONE) {
      pair[b + error]! += by;
      byHost[h + error]! += by;
      byService[s + error]! += by;
    }
  };

  const readFound = (into: Reading): void => {
    const byHost = hosts.values();
    const byService = services.values();
    const pair = both.values();
    into.hostCount = byHost[h]!;
    into.hostSyn = byHost[h + 1]!;
    into.hostRejected = byHost[h + 2]!;
    into.hostServices = byHost[h + 3]!;
    into.serviceCount = byService[s]!;
    into.serviceSyn = byService[s + 1]!;
    into.serviceRejected = byService[s + 2]!;
    into.serviceHosts = byService[s + 3]!;
    into.bothCount = pair[b]!;
    into.bothSyn = pair[b + 1]!;
    into.bothRejected = pair[b + 2]!;
  };

  return {
    add: (seen) => change(seen, 1),
    addAndRead(seen, into) {
      change(seen, 1);
      readFound(into);
    },
    remove: (seen) => change(seen, -1),
    read(host, service, into) {
      find(host, service);
      readFound(into);
    },
  };
}
