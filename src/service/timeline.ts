/** What was counted between two looks. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Flows and alerts a second since the sample before. */
  readonly flows: number;
  readonly alerts: number;
}

/** The newest samples of two running totals, as rates. Holds at most `most`. */
export interface Timeline {
  /** Notes totals at a time. A total that fell began anew. */
  note(at: number, totals: { readonly flows: number; readonly alerts: number }): void;
  samples(): readonly Sample[];
}

/** @example const timeline = createTimeline(); timeline.note(0, { flows: 0, alerts: 0 }); timeline.note(2000, { flows: 10, alerts: 1 }) */
export function createTimeline({ most = 450 } = {}): Timeline {
  let kept: Sample[] = [];
  let last: { readonly at: number; readonly flows: number; readonly alerts: number } | null = null;
  return {
    note(at, { flows, alerts }) {
      if (last && at > last.at) {
        const rate = (now: number, before: number): number => ((now < before ? now : now - before) * 1000) / (at - last!.at);
        kept.push({ at, flows: rate(flows, last.flows), alerts: rate(alerts, last.alerts) });
        if (kept.length > most) kept = kept.slice(-most);
      }
      last = { at, flows, alerts };
    },
    samples: () => kept,
  };
}
