import { isNetloopError, NetloopError } from '../errors.js';
import type { TimedCycle } from '../experiment.js';
import type { Verdict } from '../gate.js';
import type { ModelName, ModelVersion, Promotion } from '../registry.js';
import { findRun } from '../stores/recorded-run.js';
import type { RunStore } from '../stores/run-store.js';

type Runs = Pick<RunStore, 'runs' | 'names' | 'readArtifact'>;

/** What the gate said of a version: the verdict its cycle recorded, or why there is none. */
export type Evidence = { readonly run: string; readonly verdict: Verdict } | { readonly run: string | null; readonly missing: string };

/** Reads the verdict that the cycle of a version recorded; it counts only when it was about these very weights. */
export async function evidenceOf({ readArtifact }: Pick<Runs, 'readArtifact'>, { run, model }: ModelVersion): Promise<Evidence> {
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

/** The gate's word on a version is needed before it goes live. @throws NL_GATE */
export function requirePassed({ version: { name, version }, evidence }: Candidate): void {
  if (passed(evidence)) return;
  throw new NetloopError(
    'NL_GATE',
    `${name}@${version} does not go live: ${'missing' in evidence ? evidence.missing : `the gate refused it (${evidence.verdict.reason})`}; --force --why "…" promotes it all the same`,
    { where: { model: name, version } },
  );
}

/**
 * What a run has to promote: of each learner the newest version in the registry that the gate let through, else the newest.
 * @throws NL_RUN_UNKNOWN, and NL_MODEL_UNKNOWN when the run put none into the registry
 */
export async function candidatesOf(id: string, versions: readonly ModelVersion[], tracking: Runs): Promise<readonly Candidate[]> {
  const run = await findRun(tracking, id);
  const cycles = new Set((await tracking.runs({ parent: run.id, limit: 100_000 })).map((child) => child.id));
  const own = versions.filter((v) => v.run !== null && cycles.has(v.run)).sort((a, b) => b.version - a.version);
  const names = [...new Set<ModelName>(own.map(({ name }) => name))].sort();
  const found: Candidate[] = [];
  for (const name of names) {
    const all: Candidate[] = [];
    for (const version of own) if (version.name === name) all.push({ version, evidence: await evidenceOf(tracking, version) });
    found.push(all.find(({ evidence }) => passed(evidence)) ?? all[0]!);
  }
  if (found.length > 0) return found;
  throw new NetloopError(
    'NL_MODEL_UNKNOWN',
    `run ${run.id} has no version in the registry: it ran with publish: false, or they have been pruned; run it with --set publish=true`,
    { where: { run: run.id } },
  );
}

/** One stretch of time in which a version was live. */
export interface LiveSpan extends Promotion {
  /** When the next one came; null: still live. */
  readonly until: string | null;
  /** Null when the version has been pruned. */
  readonly evidence: Evidence | null;
}

/** The audit trail of a model: what was live when, by whom, why, and what its gate had said; oldest first. */
export async function liveSpans(
  promotions: readonly Promotion[],
  versions: readonly ModelVersion[],
  tracking: Pick<Runs, 'readArtifact'>,
): Promise<readonly LiveSpan[]> {
  const known = new Map<number, Evidence>();
  for (const version of versions) {
    if (promotions.some(({ to }) => to === version.version)) known.set(version.version, await evidenceOf(tracking, version));
  }
  return promotions.map((p, i) => ({ ...p, until: promotions[i + 1]?.at ?? null, evidence: known.get(p.to) ?? null }));
}
