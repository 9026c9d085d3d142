import type { Alert } from './alert.js';
import type { TrafficEvent } from './flow.js';

/**
 * A state machine that watches traffic and raises alerts. States and thresholds are named in each rule's own file.
 * Memory is capped by `capacity` tracked keys; the oldest is forgotten first and counted.
 */
export interface Rule {
  readonly name: string;
  /** Same events in the same order give the same alerts. Never throws on traffic. */
  observe(event: TrafficEvent): readonly Alert[];
  /** Capture time passes without traffic (microseconds): what was waited for is now overdue. Optional; traffic moves the clock too. */
  advance?(now: number): readonly Alert[];
  /** Tracked keys, and how many were forgotten for want of room. */
  size(): { readonly keys: number; readonly forgotten: number };
}
