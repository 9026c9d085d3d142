import type { EnvironmentDifference, RerunVerdict } from '../rerun.js';

const short = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 44 ? `${text.slice(0, 40)}…` : text;
};

/** What of code and machine is not as it was. */
export function renderEnvironment(differences: readonly EnvironmentDifference[]): string {
  if (differences.length === 0) return 'environment: the same (code, lockfile, Node, platform)';
  const lines = differences.map(
    (d) => `  ${d.what}: ${d.recorded === null ? 'none' : short(d.recorded)} then, ${d.now === null ? 'none' : short(d.now)} now`,
  );
  return ['environment differs:', ...lines].join('\n');
}

/** A verdict in one or two lines. */
export const renderVerdict = (judged: RerunVerdict): string =>
  judged.reproducible === false ? `${sentence(judged)}\n${EXEMPT}` : sentence(judged);

const EXEMPT =
  'not reproducible: TensorFlow.js trained a model of this run, and promises no bits (other machines and versions give others)';

function sentence({ verdict, first, cycles, largest, tolerance }: RerunVerdict): string {
  const over = `${cycles} ${cycles === 1 ? 'cycle' : 'cycles'}`;
  if (verdict === 'bit-exact' || !first) return `bit-exact: flows, labels, rows, epochs, weights and metrics of ${over}`;
  const where = `${first.at}, ${first.step}: ${first.field} was ${short(first.recorded)}, now ${short(first.again)}`;
  const gap = largest ? `\nlargest gap of a number: ${largest.gap.toPrecision(3)} (${largest.at}, ${largest.field})` : '';
  return verdict === 'within-tolerance'
    ? `within tolerance ${tolerance} over ${over}, not bit-exact; first difference: ${where}${gap}`
    : `diverged; first difference: ${where}${gap}`;
}
