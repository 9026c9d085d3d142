import type { ConnState, Flow } from '../../src/flow.js';

/** A plain finished connection; every field can be said otherwise. */
export function flowOf(change: Partial<Flow> = {}): Flow {
  return {
    ts: 1_700_000_000_000_000,
    duration: 0,
    proto: 'tcp',
    service: '-',
    orig_h: '10.0.0.1',
    orig_p: 40_000,
    resp_h: '10.0.0.2',
    resp_p: 80,
    conn_state: 'SF' as ConnState,
    history: 'ShADadFf',
    orig_pkts: 5,
    orig_bytes: 200,
    orig_ip_bytes: 400,
    resp_pkts: 5,
    resp_bytes: 1000,
    resp_ip_bytes: 1200,
    vlan: null,
    tunnel: null,
    wrong_fragment: 0,
    urgent: 0,
    end: 'closed',
    ...change,
  };
}
