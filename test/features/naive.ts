import type { FeatureName, FeatureRow } from '../../src/feature.js';
import { kddService } from '../../src/features/service.js';
import type { ConnState, Flow } from '../../src/flow.js';

const syn: readonly ConnState[] = ['S0', 'S1', 'S2', 'S3', 'SH', 'SHR'];
const rejected: readonly ConnState[] = ['REJ', 'RSTO', 'RSTR', 'RSTOS0', 'RSTRH'];
const service = (f: Flow): string => kddService(f.proto, f.orig_p, f.resp_p);
const share = (list: readonly Flow[], test: (f: Flow) => boolean): number =>
  list.length === 0 ? 0 : list.filter(test).length / list.length;
const isSyn = (f: Flow): boolean => syn.includes(f.conn_state);
const isRejected = (f: Flow): boolean => rejected.includes(f.conn_state);
const different = (list: readonly Flow[], key: (f: Flow) => string): number => {
  const n = new Set(list.map(key)).size;
  return n <= 1 ? 0 : n / list.length;
};

/** The window features of `flows[i]` by looking at every connection of the window again: slow and plain, the meaning of the fast one. */
export function naiveWindows(flows: readonly Flow[], i: number, size: number): Partial<Record<FeatureName, number>> {
  const me = flows[i]!;
  let clock = Number.NEGATIVE_INFINITY;
  const ends = flows.slice(0, i + 1).map((f) => (clock = Math.max(clock, f.ts + f.duration)));
  const window = flows.slice(0, i + 1).filter((_, j) => ends[i]! - ends[j]! <= 2e6);
  const host = window.filter((f) => f.resp_h === me.resp_h);
  const srv = window.filter((f) => service(f) === service(me));
  const toHost = flows
    .slice(0, i + 1)
    .filter((f) => f.resp_h === me.resp_h)
    .slice(-size);
  const same = toHost.filter((f) => service(f) === service(me));
  const others = flows.slice(Math.max(0, i + 1 - size), i + 1).filter((f) => service(f) === service(me) && f.resp_h !== me.resp_h);
  const fill = Math.min(others.length, size - toHost.length);
  const otherHosts = Math.min(new Set(others.map((f) => f.resp_h)).size, fill);
  const filled = same.length + fill;
  const mixed = (test: (f: Flow) => boolean): number =>
    (same.filter(test).length + others.filter(test).length * (others.length === 0 ? 0 : fill / others.length)) / filled;
  return {
    count: Math.min(host.length, 511),
    srv_count: Math.min(srv.length, 511),
    serror_rate: share(host, isSyn),
    srv_serror_rate: share(srv, isSyn),
    rerror_rate: share(host, isRejected),
    srv_rerror_rate: share(srv, isRejected),
    same_srv_rate: share(host, (f) => service(f) === service(me)),
    diff_srv_rate: different(host, service),
    srv_diff_host_rate: different(srv, (f) => f.resp_h),
    dst_host_count: Math.min(toHost.length, 255),
    dst_host_srv_count: Math.min(filled, 255),
    dst_host_same_srv_rate: same.length / toHost.length,
    dst_host_diff_srv_rate: different(toHost, service),
    dst_host_same_src_port_rate: share(toHost, (f) => f.orig_p === me.orig_p),
    dst_host_srv_diff_host_rate: otherHosts === 0 ? 0 : (otherHosts + 1) / filled,
    dst_host_serror_rate: share(toHost, isSyn),
    dst_host_srv_serror_rate: mixed(isSyn),
    dst_host_rerror_rate: share(toHost, isRejected),
    dst_host_srv_rerror_rate: mixed(isRejected),
  };
}

export const differences = (row: FeatureRow, expected: Partial<Record<FeatureName, number>>): string[] =>
  Object.entries(expected)
    .filter(([name, x]) => Math.abs((row[name as FeatureName] as number) - (x as number)) > 1e-12)
    .map(([name, x]) => `${name}: ${row[name as FeatureName]} instead of ${x}`);
