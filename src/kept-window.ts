import type { CycleJob } from './cycle.js';
import type { Step } from './detector.js';
import { userKey } from './feedback.js';
import type { Flow } from './flow.js';
import { label } from './label.js';
import { type AddressPrivacy, maskAddress } from './privacy.js';
import type { ModelName } from './registry.js';

/** What a cycle saw, as it is kept for a later rerun: flows, features, scores, rules and words; never alerts, never payload. */
export interface KeptWindow extends Omit<CycleJob, 'alerts' | 'trusted'> {
  /** The champion it began from, null for a first one. */
  readonly parent: number | null;
  /** The golden set it was judged on, null without one. */
  readonly goldenHash: string | null;
}

/** Which rows of kept windows: all of these must hold. */
export interface WindowFilter {
  /** Keyed id. */
  readonly user?: string;
  /** 'flow@3': rows that its score labelled. */
  readonly version?: string;
  /** Rows that this rule labelled. */
  readonly rule?: string;
  /** Flows that ended before, microseconds since the epoch. */
  readonly until?: number;
}

/** Where the windows of runs are kept. */
export interface WindowStore {
  /** Keeps a window for good before it resolves; one of this run, learner and number that is there is replaced. */
  keep(run: string, window: KeptWindow): Promise<void>;
  /** @throws NL_FILE_CORRUPT */
  read(run: string, learner: ModelName, number: number): Promise<KeptWindow | null>;
  /** Erases rows, and windows of which nothing is left; with `dryRun` it only counts. */
  forget(filter: WindowFilter, options?: { readonly dryRun?: boolean }): Promise<{ readonly rows: number; readonly windows: number }>;
}

export interface MaskOptions {
  readonly privacy: AddressPrivacy;
  /** Of the home. */
  readonly key: string;
  /** Lets others have their turn; awaited every 500 flows. */
  readonly breathe?: () => Promise<unknown>;
}

/** Remembers what it gave: addresses come again and again. */
function remembered(of: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const held = known.get(text);
    if (held !== undefined) return held;
    const made = of(text);
    known.set(text, made);
    return made;
  };
}

/**
 * A cycle's job as it is kept: each flow's user under the home's key, addresses as the privacy setting says.
 * @param parent the champion it begins from
 */
export async function keptWindow(
  { alerts: _, trusted, steps, ...job }: CycleJob,
  parent: number | null,
  { privacy, key, breathe }: MaskOptions,
): Promise<KeptWindow> {
  const mask = remembered((address) => maskAddress(address, privacy, key));
  const userOf = remembered((user) => userKey(key, user));
  const kept: Step[] = [];
  for (const step of steps) {
    const { user_id: _, ...flow } = step.flow;
    const masked: Flow = { ...flow, orig_h: mask(flow.orig_h), resp_h: mask(flow.resp_h) };
    kept.push({ ...step, flow: masked, user: userOf(step.user) });
    if (kept.length % 500 === 0) await breathe?.();
  }
  const memory = job.memory?.map(({ user, ...sample }) => ({ ...sample, ...(user !== undefined && { user: userOf(user) }) }));
  return { ...job, ...(memory && { memory }), steps: kept, parent, goldenHash: trusted?.goldenHash ?? null };
}

/** What gave the label of a step: a rule's name, 'flow@3', or null for truth, people and rows that none labelled. */
function labeller({ flow, rule, score, scoredBy, person }: Step, { policy, parent }: Pick<KeptWindow, 'policy' | 'parent'>): string | null {
  const { source } = label({ rule: rule != null, score, person, ...(parent === null ? { truth: flow.label } : {}) }, policy);
  if (source === 'rule') return rule ?? null;
  return source.startsWith('score') && typeof scoredBy === 'number' ? `flow@${scoredBy}` : null;
}

/** A window without the rows that a filter names; the hash of what was seen leaves with the first of them. Null when nothing is left. */
export function forgetSteps(window: KeptWindow, { user, version, rule, until }: WindowFilter): { window: KeptWindow | null; rows: number } {
  const named = (step: Step): boolean => {
    if (user !== undefined && step.user !== user) return false;
    if (until !== undefined && step.flow.ts + step.flow.duration >= until) return false;
    if (version === undefined && rule === undefined) return true;
    const by = labeller(step, window);
    return (version === undefined || by === version) && (rule === undefined || by === rule);
  };
  const steps = window.steps.filter((step) => !named(step));
  // What is remembered of earlier windows bears a user and a time, and was labelled by nobody.
  const remembered = window.memory?.filter(
    (s) =>
      !(
        (user !== undefined || until !== undefined) &&
        version === undefined &&
        rule === undefined &&
        (user === undefined || s.user === user) &&
        (until === undefined || s.until < until)
      ),
  );
  const rows = window.steps.length - steps.length + (window.memory?.length ?? 0) - (remembered?.length ?? 0);
  if (rows === 0) return { window, rows };
  const { flowsHash: _, ...rest } = window;
  return { window: steps.length === 0 ? null : { ...rest, steps, ...(remembered && { memory: remembered }) }, rows };
}

/** A window store that forgets when the process ends: for tests and for trying things. */
export function createWindows(): WindowStore {
  const held = new Map<string, KeptWindow>();
  const nameOf = (run: string, learner: ModelName, number: number): string => `${run} ${learner} ${number}`;
  return {
    async keep(run, window) {
      held.set(nameOf(run, window.learner, window.number), structuredClone(window));
    },
    read: async (run, learner, number) => structuredClone(held.get(nameOf(run, learner, number)) ?? null),
    async forget(filter, { dryRun = false } = {}) {
      let rows = 0;
      let windows = 0;
      for (const [name, window] of held) {
        const left = forgetSteps(window, filter);
        rows += left.rows;
        if (left.window === null) windows++;
        if (dryRun || left.rows === 0) continue;
        if (left.window === null) held.delete(name);
        else held.set(name, left.window);
      }
      return { rows, windows };
    },
  };
}
