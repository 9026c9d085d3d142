/** Who raised an alert: a rule (DFA), the flow MLP (ANN) or the behaviour LSTM. */
export type AlertSource = 'DFA' | 'ANN' | 'LSTM';

/** The flows an alert speaks of: those that match every field given. This is what makes an alert usable as a label. */
export interface Scope {
  readonly orig_h?: string;
  readonly resp_h?: string;
  readonly resp_p?: number;
  readonly proto?: string;
  /** Only flows that carried no payload in both directions (attempts). */
  readonly attempt?: boolean;
  /** Flows that began at or after, microseconds since the epoch. */
  readonly since: number;
  /** Flows that began at or before, microseconds since the epoch. */
  readonly until: number;
}

/** One finding, with its evidence. */
export interface Alert {
  /** Stable: the same traffic gives the same id. */
  readonly id: string;
  /** Capture time, microseconds since the epoch. */
  readonly ts: number;
  readonly source: AlertSource;
  /** Rule name ('port-scan', 'password-guessing', 'arp-spoofing', 'flood', …) or 'flow-score' / 'sequence-score'. */
  readonly rule: string;
  readonly orig_h: string;
  readonly resp_h: string;
  readonly orig_p: number;
  readonly resp_p: number;
  /** 1 for rules, the model's probability otherwise. */
  readonly score: number;
  /** Numbers and short texts that explain it: counts, thresholds, seconds. */
  readonly evidence: Readonly<Record<string, number | string>>;
  /** 'flow@3', null for rules. */
  readonly model_version: string | null;
  /** What it covers, for labelling. Absent where no flow is meant (ARP). */
  readonly scope?: Scope;
}
