import { isNetloopError, NetloopError } from '../errors.js';
import type { TimedCycle } from '../experiment.js';
import type { Check, Verdict } from '../gate.js';
import { type CycleJournal, MAX_CYCLES } from '../journal.js';
import type { ModelVersion } from '../registry.js';
import type { RunStore } from './run-store.js';

/** What the gate said of a version: the verdict its cycle recorded, or why there is none. */
export type Evidence =
  | { readonly run: string | null; readonly verdict: Verdict }
  | { readonly run: string | null; readonly missing: string };

/** Reads the verdict that the cycle of a version recorded; it counts only when it was about these very weights. */
export async function evidenceOf({ readArtifact }: Pick<RunStore, 'readArtifact'>, { run, model }: ModelVersion): Promise<Evidence> {
  if (run === null) return { run, missing: 'it was imported, and no gate has judged it' };
  let cycle: TimedCycle;
  try {
    cycle = JSON.parse(Buffer.from(await readArtifact(run, 'cycle.json')).toString('utf8')) as TimedCycle;
  } catch (error) {
    if (error instanceof SyntaxError) return { run, missing: `cycle.json of run ${run} is not JSON` };
    if (isNetloopError(error) && (error.code === 'NL_FILE_MISSING' || error.code === 'NL_RUN_UNKNOWN')) {
      return { run, missing: `run ${run} holds no record of its cycle` };
    }
    throw error;
  }
  if (cycle.hashes.weights !== model.sha256) return { run, missing: `the cycle of run ${run} trained other weights` };
  return cycle.verdict ? { run, verdict: cycle.verdict } : { run, missing: `the cycle of run ${run} was not judged` };
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
export const evidenceText = (evidence: Evidence): string =>
  'missing' in evidence ? evidence.missing : `${evidence.verdict.deploy ? 'passed' : 'refused'}: ${evidence.verdict.reason}`;

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
