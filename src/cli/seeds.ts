import type { ExperimentReport } from '../experiment.js';
import { specParams } from '../experiment-record.js';
import { canonical } from '../hash.js';
import { compareGroups, type Estimate, estimate, type SeedGroup } from '../seed-group.js';
import type { Spec } from '../spec.js';
import { environmentTags } from '../stores/environment.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { readGroup, SEEDS_TAG } from '../stores/recorded-run.js';
import type { Metric } from '../tracking.js';
import { openHome, packageRoot } from './ports.js';
import { renderTable } from './table.js';

/** Most runs of one group. */
export const MAX_SEEDS = 1000;

/** Metrics that a group is summed up by: the champions', scored before learning. */
const shown = /^(flow|behaviour)\/champion_/;

const metricsOf = ({ members }: SeedGroup): string[] => Object.keys(members[0]?.metrics ?? {}).filter((key) => shown.test(key));

function estimates(group: SeedGroup): (readonly [metric: string, Estimate])[] {
  return metricsOf(group).flatMap((key) => {
    const values = group.members.flatMap(({ metrics }) => (metrics[key] === undefined ? [] : [metrics[key]]));
    return values.length === group.members.length ? [[key, estimate(values)] as const] : [];
  });
}

/**
 * Runs a spec with the seeds `spec.seed`, `spec.seed + 1` …, one after the other, under one parent run. They never publish: each would
 * promote over the one before.
 */
export async function runSeeds(spec: Spec, n: number, run: (spec: Spec, parent: string) => Promise<ExperimentReport>): Promise<SeedGroup> {
  const tracking = trackingPlace(prepareHome(openHome())).open();
  const seeds = Array.from({ length: n }, (_, i) => (spec.seed + i) >>> 0);
  try {
    const { seed: _, ...same } = { ...spec, publish: false };
    const id = await tracking.start({
      experiment: spec.name,
      name: `${spec.name}, ${n} seeds`,
      tags: { ...environmentTags(packageRoot), [SEEDS_TAG]: JSON.stringify(seeds), 'netloop.group.spec': canonical(same) },
    });
    await tracking.log(id, { params: specParams(same) });
    let status: 'FINISHED' | 'FAILED' = 'FAILED';
    try {
      for (const seed of seeds) await run({ ...spec, seed, publish: false }, id);
      const group = (await readGroup(tracking, (await tracking.runs({ id }))[0]!))!;
      const metrics = estimates(group).flatMap(([key, { mean, low, high }]): Metric[] =>
        Object.entries({ mean, low, high }).flatMap(([what, value]) => (value === null ? [] : [{ key: `${key}_${what}`, value, step: 0 }])),
      );
      await tracking.log(id, { metrics, tags: { 'mlflow.note.content': ['```', renderGroup(group), '```'].join('\n').slice(0, 7900) } });
      await tracking.artifact(id, 'group.json', JSON.stringify(group, null, 2));
      status = 'FINISHED';
      return group;
    } finally {
      await tracking.finish(id, status);
    }
  } finally {
    tracking.close();
  }
}

const digits = (x: number | null): string => (x === null ? '–' : x.toFixed(4));
const interval = ({ mean, low, high }: Estimate): string => `${digits(mean)} [${digits(low)}, ${digits(high)}]`;

/** Means over seeds with their intervals, and the runs. */
export function renderGroup(group: SeedGroup): string {
  const rows = estimates(group).map(([key, e]) => [key, interval(e), digits(e.deviation)]);
  const members = group.members.map(({ seed, run }) => `  seed ${seed}: run ${run}`);
  return [renderTable(['metric', 'mean [95 % interval]', 'deviation'], rows), ...members, `group ${group.id}`].join('\n');
}

/** Two groups, paired by seed. */
export function renderGroups(a: SeedGroup, b: SeedGroup): string {
  const { pairs, rows } = compareGroups(a, b);
  const table = rows
    .filter(({ metric }) => shown.test(metric))
    .map((row) => [row.metric, interval(row.a), interval(row.b), interval(row.difference), row.p < 0.0001 ? '< 0.0001' : row.p.toFixed(4)]);
  return [
    renderTable(['metric', `${a.name} (${a.id.slice(0, 8)})`, `${b.name} (${b.id.slice(0, 8)})`, 'second - first', 'p'], table),
    `${pairs} pairs of equal seed; means with 95 % intervals (t); p of the paired test by flipping signs, two-sided, not corrected for ${table.length} metrics.`,
  ].join('\n');
}
