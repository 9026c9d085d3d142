/** How long a connection may live, in seconds. Named as Zeek's options are. */
export interface Timeouts {
  /** Silence that ends an established TCP connection. */
  readonly tcpInactivity: number;
  /** Silence that ends a TCP connection still in its handshake, and a UDP, ICMP or SCTP flow. */
  readonly inactivity: number;
  /** Silence allowed on responder ports of people at a terminal. */
  readonly interactive: number;
  readonly interactivePorts: readonly number[];
  /** A DNS exchange over UDP is looked at this often, and ends when the last nine tenths of it were silent. */
  readonly dns: number;
  /** A SYN without any answer is an attempt and ends after this. */
  readonly attempt: number;
  /** A closed or reset connection ends this long after its last packet, so that stragglers are still its own. */
  readonly close: number;
  /** Age at which a flow is cut. */
  readonly active: number;
}

/** Zeek's defaults (init-bare.zeek and base/protocols/conn/inactivity.zeek): no age limit. */
export const zeekTimeouts: Timeouts = {
  tcpInactivity: 300,
  inactivity: 60,
  interactive: 3600,
  interactivePorts: [21, 22, 23, 513],
  dns: 10,
  attempt: 5,
  close: 5,
  active: Number.POSITIVE_INFINITY,
};

/** The learning loop's: idle 120 s, active 1,800 s, so that a window of flows is complete half an hour after it ends. */
export const loopTimeouts: Timeouts = {
  tcpInactivity: 120,
  inactivity: 120,
  interactive: 120,
  interactivePorts: [],
  dns: Number.POSITIVE_INFINITY,
  attempt: 5,
  close: 5,
  active: 1800,
};
