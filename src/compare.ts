import { divergences, environmentKinds, inWalkOrder, type RecordedRun } from './rerun.js';

/** What is compared, from cause to effect. */
export const comparedSections = ['data', 'code', 'environment', 'params', 'labels', 'weights', 'metrics'] as const;
export type ComparedSection = (typeof comparedSections)[number];

export type ComparedValue = string | number | null;

/** One thing in which the runs are not all the same; a value a run, null where a run has none. */
export interface ComparedRow {
  readonly what: string;
  readonly values: readonly ComparedValue[];
}

export interface Comparison {
  readonly runs: readonly { readonly id: string; readonly name: string; readonly status: string }[];
  /** In the order of `comparedSections`; a section without a difference has no rows. `same` counts what all runs share. */
  readonly sections: readonly { readonly section: ComparedSection; readonly rows: readonly ComparedRow[]; readonly same: number }[];
  /** For every run but the first: why it differs from the first, in one sentence. */
  readonly why: readonly string[];
}

type Table = ReadonlyMap<string, ComparedValue>;

const shorten = (hash: string): string => hash.slice(0, 12);
const plain = (value: unknown): ComparedValue =>
  value === null || value === undefined ? null : typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);

/** Numbers of a nested record by path, hashes and texts left out. */
function numbers(prefix: string, value: unknown): [string, number][] {
  if (typeof value === 'number') return [[prefix, value]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, v]) => numbers(`${prefix} ${key}`, v));
}

const tagTable = ({ tags }: RecordedRun, kind: keyof typeof environmentKinds, show: (value: string) => string): Table =>
  new Map(
    Object.entries(environmentKinds[kind]).flatMap(([tag, what]): [string, string][] => {
      const value = tags[tag];
      return value === undefined ? [] : [[what, show(value)]];
    }),
  );

/** Everything of one section as rows of one run. */
const tables: Readonly<Record<ComparedSection, (run: RecordedRun) => Table>> = {
  data: (run) => new Map(run.datasets.map((d) => [d.name, shorten(d.sha256)])),
  code: (run) => tagTable(run, 'code', shorten),
  environment: (run) => tagTable(run, 'machine', (value) => value),
  params: (run) => new Map(Object.entries(run.params).filter(([key]) => key !== 'name')),
  labels: (run) =>
    new Map(
      inWalkOrder(run.cycles).flatMap((c): [string, ComparedValue][] => {
        const at = `${c.learner} cycle ${c.number}`;
        const { coverage, noise, benignNoise, bySource } = c.labels;
        const shares: [string, ComparedValue][] = Object.entries({ coverage, noise, benignNoise }).map(([k, v]) => [
          `${at} ${k}`,
          plain(v),
        ]);
        const counts = Object.entries(bySource).map(([source, n]): [string, ComparedValue] => [`${at} ${source}`, n]);
        return [...shares, ...counts, [`${at} sha256`, shorten(c.hashes.labels)]];
      }),
    ),
  weights: (run) => new Map(inWalkOrder(run.cycles).map((c) => [`${c.learner} cycle ${c.number}`, shorten(c.hashes.weights)])),
  metrics: (run) => {
    const all = Object.entries(run.report?.prequential ?? {}).flatMap(([name, m]) => numbers(`${name} scored before learning`, m));
    const champions = all.filter(([what]) => what.includes(' champion '));
    return new Map<string, ComparedValue>([
      ...champions,
      ...inWalkOrder(run.cycles).flatMap((c): [string, ComparedValue][] => {
        const at = `${c.learner} cycle ${c.number}`;
        return [
          [`${at} verdict`, c.state],
          ...numbers(`${at} before`, c.before),
          ...numbers(`${at} after`, c.after),
          ...numbers(`${at} golden`, c.goldenAfter),
        ];
      }),
      ...all, // the baselines, last
    ]);
  },
};

function compareTables(all: readonly Table[]): { rows: ComparedRow[]; same: number } {
  const keys = [...new Set(all.flatMap((table) => [...table.keys()]))];
  const rows = keys.map((what) => ({ what, values: all.map((table) => table.get(what) ?? null) }));
  const differing = rows.filter(({ values }) => values.some((v) => !Object.is(v, values[0])));
  return { rows: differing, same: rows.length - differing.length };
}

const listed = (rows: readonly ComparedRow[], i: number): string =>
  rows
    .slice(0, 3)
    .map(({ what, values }) => `${what} ${values[0] ?? 'none'} -> ${values[i] ?? 'none'}`)
    .join(', ') + (rows.length > 3 ? ` and ${rows.length - 3} more` : '');

const causes: readonly ComparedSection[] = ['data', 'code', 'environment', 'params'];

/** Causes that stand in the record, then the first effect on the walk. */
function whyOf(runs: readonly RecordedRun[], i: number, sections: Comparison['sections']): string {
  const [a, b] = [runs[0]!, runs[i]!];
  const found = sections
    .filter(({ section }) => causes.includes(section))
    .map(({ section, rows }) => ({ section, rows: rows.filter(({ values }) => !Object.is(values[0], values[i])) }))
    .filter(({ rows }) => rows.length > 0);
  const cause = found.map(({ section, rows }) => `${section} (${listed(rows, i)})`).join('; ');
  const effect = b.report ? divergences(a, b.report).next().value : undefined;
  const who = `${b.name} (${b.id.slice(0, 8)})`;
  if (!effect) {
    const same = b.report ? 'gave the same to the bit' : 'did not finish, so its outcome cannot be compared';
    return cause ? `${who} differs in ${cause}, and ${same}` : `${who} ${same}`;
  }
  const first = `first seen in ${effect.at}, ${effect.step}: ${effect.field}`;
  return cause
    ? `${who} differs in ${cause}; ${first}`
    : `${who} differs although data, code, environment and params are the same; ${first}`;
}

/**
 * Compares runs with the first of them, from cause to effect: data, code, environment, params, labels, weights, metrics.
 * @param runs two or more
 * @example compareRuns([a, b]).why[0]  // 'lab seed 1 (3f2a9c01) differs in params (sequence.length 10 -> 20); first seen in behaviour cycle 1, samples: train'
 */
export function compareRuns(runs: readonly RecordedRun[]): Comparison {
  const sections = comparedSections.map((section) => ({ section, ...compareTables(runs.map(tables[section])) }));
  return {
    runs: runs.map(({ id, name, status }) => ({ id, name, status })),
    sections,
    why: runs.slice(1).map((_, i) => whyOf(runs, i + 1, sections)),
  };
}
