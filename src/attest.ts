import { type Alert, implicates, isAttempt } from './alert.js';
import { hashFlows } from './cycle-record.js';
import type { Step } from './detector.js';
import { type FeedbackStore, readFeedback } from './feedback.js';
import type { Flow } from './flow.js';

/** An alert about attempts that names no originator: nobody in it is known. */
const ofNobody = ({ scope }: Alert): boolean => scope?.attempt === true && scope.orig_h === undefined;

/** What a source without addresses gives as one: to rules, which count by who talks to whom, all its flows are of one host with itself. */
const isUnspecified = (address: string): boolean => address === '0.0.0.0' || address === '::' || address === '';

/**
 * Which rule's alert covers a flow of a window; null for none. Alerts are grouped by originator, so that a flow meets only those that can
 * concern it. Who held a conversation in the window exists, and is no part of a flood whose originators nobody knows.
 */
export function createCoverage(
  alerts: readonly Alert[],
  steps: readonly Pick<Step, 'flow'>[],
): (step: Pick<Step, 'flow'>) => string | null {
  const byOrigin = new Map<string, Alert[]>();
  for (const alert of alerts) {
    if (alert.source !== 'DFA' || !alert.scope) continue;
    const key = alert.scope.orig_h ?? '';
    const group = byOrigin.get(key);
    if (group) group.push(alert);
    else byOrigin.set(key, [alert]);
  }
  const anywhere = byOrigin.get('') ?? [];
  const talkers = new Set(anywhere.some(ofNobody) ? steps.flatMap(({ flow }) => (isAttempt(flow) ? [] : flow.orig_h)) : []);
  return ({ flow }) => {
    if (flow.orig_h === flow.resp_h && isUnspecified(flow.orig_h)) return null;
    const found =
      byOrigin.get(flow.orig_h)?.find((a) => implicates(a, flow)) ??
      anywhere.find((a) => implicates(a, flow) && !(ofNobody(a) && talkers.has(flow.orig_h)));
    return found?.rule ?? null;
  };
}

/** Flows between two breaths. */
const PIECE = 2000;

/**
 * Writes beside each flow of a window what is known of it: the rule whose alert covers it, and what a person said. From then on the
 * window needs its alerts no more, and so none of their addresses.
 * @param breathe lets others have their turn; awaited every 2,000 flows
 */
export async function attest(
  { steps, alerts }: { readonly steps: readonly Step[]; readonly alerts: readonly Alert[] },
  personOf: (step: Step) => 0 | 1 | undefined = () => undefined,
  breathe: () => Promise<unknown> = async () => {},
): Promise<Step[]> {
  const ruleOf = createCoverage(alerts, steps);
  const known: Step[] = [];
  for (const step of steps) {
    const person = personOf(step);
    known.push({ ...step, rule: ruleOf(step), ...(person === undefined ? {} : { person }) });
    if (known.length % PIECE === 0) await breathe();
  }
  return known;
}

/**
 * The flows of a window with what its alerts and people say of them at this moment, and the hash of what was seen.
 * @param key under which the words' ids were made
 */
export async function evidenceOf(
  { steps, alerts }: { readonly steps: readonly Step[]; readonly alerts: readonly Alert[] },
  {
    key,
    personOf,
    feedback,
    breathe,
  }: {
    readonly key: string;
    readonly personOf?: (flow: Flow) => 0 | 1 | undefined;
    readonly feedback?: Pick<FeedbackStore, 'labels'>;
    readonly breathe?: () => Promise<unknown>;
  },
): Promise<{ readonly steps: Step[]; readonly flowsHash: string }> {
  const words = feedback ? await feedback.labels() : [];
  const said = words.length > 0 ? readFeedback(words, key, alerts) : () => undefined;
  const attested = await attest({ steps, alerts }, (step) => personOf?.(step.flow) ?? said(step), breathe);
  return { steps: attested, flowsHash: await hashFlows(steps, breathe) };
}
