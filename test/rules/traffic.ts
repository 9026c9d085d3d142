import type { Alert } from '../../src/alert.js';
import type { ArpEvent, Flow, TrafficEvent } from '../../src/flow.js';
import type { Rule } from '../../src/rule.js';
import { flowOf } from '../features/flows.js';

export const T0 = 1_700_000_000_000_000;
/** Seconds after T0 in microseconds since the epoch. */
export const at = (seconds: number): number => T0 + Math.round(seconds * 1e6);

/** What a flow table says of one flow, step by step: each step is a time and what the flow has become. */
export function story(first: Partial<Flow>, ...steps: readonly (readonly [seconds: number, change: Partial<Flow>])[]): TrafficEvent[] {
  const start = first.ts ?? T0;
  let flow = flowOf({
    conn_state: 'OTH',
    history: '',
    orig_pkts: 1,
    orig_bytes: 0,
    orig_ip_bytes: 40,
    resp_pkts: 0,
    resp_bytes: 0,
    resp_ip_bytes: 0,
    ...first,
    ts: start,
  });
  const events: TrafficEvent[] = [{ kind: 'opened', ts: start, flow }];
  for (const [seconds, change] of steps) {
    flow = { ...flow, ...change, duration: Math.round(seconds * 1e6) };
    events.push({ kind: 'updated', ts: start + flow.duration, flow });
  }
  return events;
}

/** The end of a story: the flow is closed `seconds` after its start. */
export const closing = (events: readonly TrafficEvent[], seconds: number): TrafficEvent[] => {
  const { flow } = events.at(-1) as { flow: Flow };
  return [...events, { kind: 'closed', ts: flow.ts + Math.round(seconds * 1e6), flow }];
};

export const silentSyn = (first: Partial<Flow>): TrafficEvent[] => story({ history: 'S', conn_state: 'S0', ...first });
export const refusedSyn = (first: Partial<Flow>): TrafficEvent[] =>
  story({ history: 'S', conn_state: 'S0', ...first }, [0.01, { history: 'Sr', conn_state: 'REJ', resp_pkts: 1, resp_ip_bytes: 40 }]);

/** A conversation that carries `up` and `down` bytes and ends after `seconds`; `history` says who spoke first. */
export function talk(
  first: Partial<Flow>,
  up: number,
  down: number,
  seconds: number,
  order: 'client' | 'server' = 'client',
): TrafficEvent[] {
  const letters = order === 'client' ? 'ShADad' : 'ShAdDa';
  const bytes = { orig_pkts: 6, orig_bytes: up, resp_pkts: 6, resp_bytes: down };
  const events = story(
    { history: 'S', conn_state: 'S0', ...first },
    [0.01, { history: 'Sh', conn_state: 'S1', resp_pkts: 1 }],
    [0.02, { history: 'ShA', orig_pkts: 2 }],
    [seconds * 0.9, { history: letters, ...bytes }],
    [seconds, { history: `${letters}Ff`, conn_state: 'SF', ...bytes }],
  );
  return closing(events, seconds + 5);
}

export const arp = (seconds: number, change: Partial<ArpEvent>): ArpEvent => ({
  kind: 'arp',
  ts: at(seconds),
  operation: 'request',
  eth_src: change.sender_mac ?? 'aa:aa:aa:aa:aa:01',
  eth_dst: 'ff:ff:ff:ff:ff:ff',
  sender_mac: 'aa:aa:aa:aa:aa:01',
  sender_ip: '10.0.0.1',
  target_mac: '00:00:00:00:00:00',
  target_ip: '10.0.0.2',
  vlan: null,
  ...change,
});

/** Plays events in the order of their time and gathers what the rule says. */
export function play(rule: Rule, events: readonly TrafficEvent[], until?: number): Alert[] {
  const sorted = [...events].sort((a, b) => a.ts - b.ts);
  const alerts = sorted.flatMap((event) => rule.observe(event));
  return until === undefined ? alerts : [...alerts, ...(rule.advance?.(until) ?? [])];
}
