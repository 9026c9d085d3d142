import { NetloopError } from '../errors.js';
import type { ModelName, ModelVersion, Promotion } from '../registry.js';
import { type Candidate, type Evidence, evidenceOf, passed } from '../stores/evidence.js';
import { findRun } from '../stores/recorded-run.js';
import type { RunStore } from '../stores/run-store.js';

type Runs = Pick<RunStore, 'runs' | 'names' | 'readArtifact'>;

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
