/** KDD's 28 header-derived features of one connection, under KDD's names and in KDD's order (features 1-9 and 23-41). */
export interface FeatureRow {
  /** Seconds. */
  readonly duration: number;
  /** tcp, udp, icmp. */
  readonly protocol_type: string;
  /** KDD's service names: http, smtp, domain_u, private, … */
  readonly service: string;
  /** The connection state. */
  readonly flag: string;
  readonly src_bytes: number;
  readonly dst_bytes: number;
  readonly land: number;
  readonly wrong_fragment: number;
  readonly urgent: number;
  readonly count: number;
  readonly srv_count: number;
  readonly serror_rate: number;
  readonly srv_serror_rate: number;
  readonly rerror_rate: number;
  readonly srv_rerror_rate: number;
  readonly same_srv_rate: number;
  readonly diff_srv_rate: number;
  readonly srv_diff_host_rate: number;
  readonly dst_host_count: number;
  readonly dst_host_srv_count: number;
  readonly dst_host_same_srv_rate: number;
  readonly dst_host_diff_srv_rate: number;
  readonly dst_host_same_src_port_rate: number;
  readonly dst_host_srv_diff_host_rate: number;
  readonly dst_host_serror_rate: number;
  readonly dst_host_srv_serror_rate: number;
  readonly dst_host_rerror_rate: number;
  readonly dst_host_srv_rerror_rate: number;
}

export type FeatureName = keyof FeatureRow;
