import { type CaptureLoss, createFlowTable, type Timeouts } from './assemble.js';
import { serviceOf } from './features/service.js';
import type { Flow, TrafficEvent } from './flow.js';
import type { Flows, Frames, Source } from './source.js';

/** When flows end, and how many may be open. Seconds. */
export interface TrafficOptions {
  readonly view?: 'zeek' | 'five-tuple';
  readonly idle?: number;
  readonly active?: number;
  readonly timeouts?: Timeouts;
  readonly maxFlows?: number;
  /**
   * Packets with a wrong checksum: set aside as Zeek does ('check'), set aside unless the sum is one that a network card would have
   * completed after the capture ('offload', the default: a detector on a sending host would be blind without), or used ('ignore').
   */
  readonly checksums?: 'check' | 'offload' | 'ignore';
  /** Which events are told of: all, or only the ends of flows (and ARP), which costs less. Default 'all'. */
  readonly events?: 'all' | 'closed';
  /** What is told of a flow that ended: a value of its own, or a view as of an open one, which costs less. Default 'values'. */
  readonly ended?: 'values' | 'views';
}

/** What a source yields, turned into events: frames are decoded and assembled, records are closed flows already. */
export interface Traffic {
  /** Another source begins: flows that start from now on have its truth, if it brings any. */
  begin(source: Pick<Source, 'labelOf'>): void;
  frame(batch: Frames, index: number): void;
  flow(flow: Flow): void;
  batch(batch: Frames | Flows): void;
  /** Moves the capture clock (microseconds): silent flows end. */
  expire(now: number): void;
  /** Closes all open flows. */
  flush(): void;
  /** Packets that gave no flow, by reason. */
  ignored(): Readonly<Record<string, number>>;
  /** What the capture missed, by TCP's acknowledgements. */
  loss(): CaptureLoss;
}

export function createTraffic(on: (event: TrafficEvent) => void, options: TrafficOptions = {}): Traffic {
  let anyJudge = false;
  let waiting: Pick<Source, 'labelOf'> | null = null;
  const sources: { since: number; labelOf: Source['labelOf'] }[] = [];
  /** A flow may end while the next source is read: its truth is that of the source in which it began. */
  const judged = (event: TrafficEvent): void => {
    const labelOf = event.kind === 'closed' && anyJudge ? sources.findLast(({ since }) => event.flow.ts >= since)?.labelOf : undefined;
    on(event.kind === 'closed' && labelOf ? { ...event, flow: { ...event.flow, ...labelOf(event.flow) } } : event);
  };
  /** The first frame of a source tells since when flows are its own. */
  const first = ({ ts }: Frames, i: number): void => {
    if (waiting) sources.push({ since: ts[i]!, labelOf: waiting.labelOf });
    anyJudge ||= waiting?.labelOf !== undefined;
    waiting = null;
  };
  const table = createFlowTable({ checksums: 'offload', ...options, service: serviceOf, on: judged, keep: false });
  const traffic: Traffic = {
    begin(source) {
      waiting = source;
    },
    frame(batch, i) {
      first(batch, i);
      table.frames(batch, i, i + 1);
    },
    flow: (flow) => on({ kind: 'closed', ts: flow.ts + flow.duration, flow }),
    batch(batch) {
      if (batch.kind === 'flows') for (const flow of batch.flows) traffic.flow(flow);
      else if (batch.count > 0) {
        first(batch, 0);
        table.frames(batch);
      }
      if (batch.kind !== 'frames') return;
      const now = batch.now ?? (batch.count > 0 ? batch.ts[batch.count - 1] : undefined);
      if (now !== undefined) traffic.expire(now);
    },
    expire: (now) => void table.expire(now), // events have told of them already
    flush: () => void table.flush(),
    ignored: () => table.counters().ignored,
    loss: () => table.counters().loss,
  };
  return traffic;
}
