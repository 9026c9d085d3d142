import { isNetloopError, NetloopError } from '../errors.js';
import type { TimedCycle } from '../experiment.js';
import type { Check, Verdict } from '../gate.js';
import { type CycleJournal, MAX_CYCLES } from '../journal.js';
import type { ModelVersion } from '../registry.js';
import { type ShadowReport, shadowText } from '../shadow.js';
import type { Tracking } from '../tracking.js';
import type { RunStore } from './run-store.js';

/** What the gate said of a version: the verdict its cycle recorded, or why there is none; and what was seen of it in the shadow. */
export type Evidence = { readonly run: string | null; readonly shadow?: ShadowCounts } & (
  | { readonly verdict: Verdict }
  | { readonly missing: string }
);

/** What is kept of a shadow: how many alerts, of whom; no flow, so no address. */
export type ShadowCounts = Omit<ShadowReport, 'alerts' | 'unlisted'>;

const SHADOW = 'shadow.json';

/** Keeps what was seen of a version in the shadow with the cycle's run that made it; nothing where none did. */
export async function keepShadow(tracking: Pick<Tracking, 'artifact'>, { run }: ModelVersion, report: ShadowReport): Promise<void> {
  const { alerts: _, unlisted: __, ...counts } = report;
  if (run !== null) await tracking.artifact(run, SHADOW, JSON.stringify(counts, null, 2));
}

/** A JSON file of a run; undefined where there is none. @throws SyntaxError */
async function read<T>({ readArtifact }: Pick<RunStore, 'readArtifact'>, run: string, path: string): Promise<T | undefined> {
  try {
    return JSON.parse(Buffer.from(await readArtifact(run, path)).toString('utf8')) as T;
  } catch (error) {
    if (isNetloopError(error) && (error.code === 'NL_FILE_MISSING' || error.code === 'NL_RUN_UNKNOWN')) return undefined;
    throw error;
  }
}

/** Reads the verdict that the cycle of a version recorded; it counts only when it was about these very weights. */
export async function evidenceOf(store: Pick<RunStore, 'readArtifact'>, { run, model, version }: ModelVersion): Promise<Evidence> {
  if (run === null) return { run, missing: 'it was imported, and no gate has judged it' };
  let cycle: TimedCycle | undefined;
  let shadow: ShadowCounts | undefined;
  try {
    cycle = await read<TimedCycle>(store, run, 'cycle.json');
    shadow = cycle && (await read<ShadowCounts>(store, run, SHADOW));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (!cycle) return { run, missing: `cycle.json of run ${run} is not JSON` };
  }
  const beside = shadow?.challenger === version ? { shadow } : {};
  if (!cycle) return { run, missing: `run ${run} holds no record of its cycle` };
  if (cycle.hashes.weights !== model.sha256) return { run, missing: `the cycle of run ${run} trained other weights` };
  return { run, ...beside, ...(cycle.verdict ? { verdict: cycle.verdict } : { missing: `the cycle of run ${run} was not judged` }) };
}

/** The same from the journal of the cycles that made the versions of a registry, which a hub has too, where no run is tracked. */
export async function journalEvidence(journal: Pick<CycleJournal, 'history'>, { name, version, run }: ModelVersion): Promise<Evidence> {
  for (const limit of [1000, MAX_CYCLES]) {
    const entries = await journal.history({ learner: name, limit });
    const found = entries.find((entry) => entry.version === version);
    if (found?.outcome === 'deployed' || found?.outcome === 'rolled-back') {
      const checks = Array.isArray(found.data.checks) ? (found.data.checks as Check[]) : [];
      return { run: found.run, verdict: { deploy: found.outcome === 'deployed', reason: found.reason, checks } };
    }
    if (found || entries.length < limit) break;
  }
  return { run, missing: 'no cycle here made it, and no gate has judged it' };
}

/** Whether the gate let it through. */
export const passed = (evidence: Evidence): boolean => 'verdict' in evidence && evidence.verdict.deploy;

/** In a few words, for people and for the audit trail. */
export function evidenceText(evidence: Evidence): string {
  const gate = 'missing' in evidence ? evidence.missing : `${evidence.verdict.deploy ? 'passed' : 'refused'}: ${evidence.verdict.reason}`;
  return evidence.shadow ? `${gate}; ${shadowText(evidence.shadow)}` : gate;
}

/** A version that may go live, with what speaks for it. */
export interface Candidate {
  readonly version: ModelVersion;
  readonly evidence: Evidence;
}

/**
 * The gate's word on a version is needed before it goes live.
 * @param way how to promote it all the same
 * @throws NL_GATE
 */
export function requirePassed({ version: { name, version }, evidence }: Candidate, way: string): void {
  if (passed(evidence)) return;
  throw new NetloopError(
    'NL_GATE',
    `${name}@${version} does not go live: ${'missing' in evidence ? evidence.missing : `the gate refused it (${evidence.verdict.reason})`}; ${way}`,
    { where: { model: name, version } },
  );
}

/** Why a version goes live, as the audit trail keeps it: what went past the gate says so. */
export const promotedWhy = (evidence: Evidence, why: string): string =>
  passed(evidence) ? why : `forced past the gate (${evidenceText(evidence)}): ${why}`;
