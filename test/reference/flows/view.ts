import type { Decoder } from '../../../src/decode.js';
import type { FlowEnd } from '../../../src/flow.js';
import type { Tally } from '../../../src/flows/counters.js';
import type { Fragments } from '../../../src/flows/fragments.js';
import type { Timeouts } from '../../../src/flows/timeouts.js';
import type { Packet } from '../../../src/packet.js';
import type { Checksums } from '../../../src/packets/verify.js';
import type { Connection } from './connection.js';
import type { IndexTable } from './index-table.js';

/** What the table lends a view. Times in microseconds. */
export interface Desk {
  readonly seed: number;
  readonly timeouts: Timeouts;
  readonly checksums: Checksums;
  readonly likelyServers: boolean;
  readonly index: IndexTable<Connection>;
  readonly ignored: Tally;
  readonly fragments: Fragments;
  readonly decoder: Decoder;
  /** Acknowledgements judged, and those of octets never captured. */
  readonly loss: { acks: number; gaps: number };
  open(conn: Connection): void;
  /** After a packet: `counted` if it is in the flow's packets; `before` is the history as it was. */
  settle(conn: Connection, isNew: boolean, before: string, counted: boolean): void;
  drop(conn: Connection, end: FlowEnd): void;
}

/** Hands an inner packet back to the table: `carrier` is the id of the flow around it, -1 without one. */
export type Take = (packet: Packet, carrier: number) => void;

/** What a flow is. */
export interface View {
  packet(packet: Packet, clock: number, carrier: number, take: Take): void;
  /** When the flow ends if nothing more comes. */
  due(conn: Connection): number;
  why(conn: Connection): FlowEnd;
}
