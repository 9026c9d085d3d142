/** The mean of the known numbers; null without one. */
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length;

/**
 * Area under time: the trapezoid of a metric over test windows in their order / (windows - 1), 0 to 1 for a metric that is
 * (TESSERACT, Pendlebury et al., USENIX Security 2019). Null below two windows.
 * @example areaUnderTime([1, 0.5, 0.5])  // ((1 + 0.5) / 2 + 0.5) / 2
 */
export function areaUnderTime(metric: readonly number[]): number | null {
  if (metric.length < 2) return null;
  let area = 0;
  for (let i = 1; i < metric.length; i++) area += (metric[i - 1]! + metric[i]!) / 2;
  return area / (metric.length - 1);
}

/**
 * Backward transfer: mean over experiences but the last of (metric at the end - metric just after it was learnt); negative is forgetting
 * (Lopez-Paz and Ranzato 2017; Avalanche).
 * @param justAfter a metric on experience k just after it was learnt
 * @param atEnd the same experiences by the last model
 * @returns null below two experiences
 */
export const backwardTransfer = (justAfter: readonly number[], atEnd: readonly number[]): number | null =>
  mean(justAfter.slice(0, -1).map((before, k) => atEnd[k]! - before));
