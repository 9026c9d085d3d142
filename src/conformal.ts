/** How strange a score is among trusted scores of one class. */
export interface Credibility {
  /**
   * Conformal p-value: (1 + trusted scores at least as far on the strange side) / (1 + all of them). Uniform on [0, 1] for rows drawn as the
   * trusted ones were; small for rows unlike them. Valid only without drift.
   */
  of(score: number): number;
  /** The same without the one added: 0 for a score stranger than every trusted one, however few they are (Transcend's credibility). */
  share(score: number): number;
  /** The score that the strangest `share` of the trusted rows lie beyond. */
  quantile(share: number): number;
  readonly rows: number;
}

/**
 * Conformal credibility (Vovk; Transcend, USENIX Security 2017) from scores of trusted rows the model never learnt from.
 * @param scores of trusted rows of one class
 * @param strange 'high' for benign rows (a high score is strange there), 'low' for attacks
 * @example fitCredibility([0.01, 0.02, 0.4], 'high').of(0.3)  // (1 + 1) / (1 + 3)
 */
export function fitCredibility(scores: ArrayLike<number>, strange: 'high' | 'low'): Credibility {
  const sign = strange === 'high' ? 1 : -1;
  const sorted = Float64Array.from(scores, (s) => sign * s).sort();
  const n = sorted.length;
  /** How many lie below v. */
  const below = (v: number): number => {
    let low = 0;
    let high = n;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (sorted[mid]! < v) low = mid + 1;
      else high = mid;
    }
    return low;
  };
  return {
    rows: n,
    of: (score) => (n - below(sign * score) + 1) / (n + 1),
    share: (score) => (n === 0 ? 0 : (n - below(sign * score)) / n),
    quantile: (share) => (n === 0 ? Number.NaN : sign * sorted[Math.min(n - 1, Math.max(0, Math.ceil((1 - share) * n) - 1))]!),
  };
}
