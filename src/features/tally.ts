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
  /** Takes away what was added. */
  remove(seen: Seen): void;
  read(host: number, service: number, into: Reading): void;
}

export function createTally(): Tally {
  // count, syn errors, rejections, different partners
  const hosts = createCounts(4);
  const services = createCounts(4);
  const both = createCounts(3);

  const change = (seen: Seen, by: 1 | -1): void => {
    const { host, service, error } = seen;
    const b = both.at(host, service);
    const pair = both.values();
    pair[b]! += by;
    const edge = pair[b] === (by === 1 ? 1 : 0) ? by : 0; // a pair came to life or died
    const h = hosts.at(host, 0);
    const byHost = hosts.values();
    const s = services.at(service, 0);
    const byService = services.values();
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

  return {
    add: (seen) => change(seen, 1),
    remove: (seen) => change(seen, -1),
    read(host, service, into) {
      const h = hosts.at(host, 0);
      const byHost = hosts.values();
      into.hostCount = byHost[h]!;
      into.hostSyn = byHost[h + 1]!;
      into.hostRejected = byHost[h + 2]!;
      into.hostServices = byHost[h + 3]!;
      const s = services.at(service, 0);
      const byService = services.values();
      into.serviceCount = byService[s]!;
      into.serviceSyn = byService[s + 1]!;
      into.serviceRejected = byService[s + 2]!;
      into.serviceHosts = byService[s + 3]!;
      const b = both.at(host, service);
      const pair = both.values();
      into.bothCount = pair[b]!;
      into.bothSyn = pair[b + 1]!;
      into.bothRejected = pair[b + 2]!;
    },
  };
}
