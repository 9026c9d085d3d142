import type { ArpThresholds } from './arp-memory.js';
import type { ArpSweepThresholds } from './arp-sweep.js';
import type { DistributedGuessingThresholds } from './distributed-guessing.js';
import type { FloodThresholds } from './flood.js';
import type { GuessingThresholds } from './guessing.js';
import type { HostSweepThresholds } from './host-sweep.js';
import type { PacketFloodThresholds } from './packet-flood.js';
import type { PortScanThresholds } from './port-scan.js';

/** Thresholds to set otherwise, by rule. What is not named keeps its default. */
export interface RuleOptions {
  readonly portScan?: Partial<PortScanThresholds>;
  readonly hostSweep?: Partial<HostSweepThresholds>;
  readonly flood?: Partial<FloodThresholds>;
  readonly packetFlood?: Partial<PacketFloodThresholds>;
  readonly guessing?: Partial<GuessingThresholds>;
  readonly distributedGuessing?: Partial<DistributedGuessingThresholds>;
  readonly arpSpoofing?: Partial<ArpThresholds>;
  readonly arpSweep?: Partial<ArpSweepThresholds>;
  /** Sources that failed remembered before they are watched closely; default 8,192. */
  readonly strangers?: number;
  /** Open flows followed until their outcome is known; default 65,536. */
  readonly openFlows?: number;
}
