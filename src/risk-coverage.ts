/** Selective risk of automatic labels: how wrong they are when only the surest are kept. */
export interface RiskCoverage {
  /** Rows with a label to propose and a known truth. */
  readonly rows: number;
  /** From the surest labels to all of them: share of rows labelled, and wrong labels among those. About ten points. */
  readonly points: readonly { readonly coverage: number; readonly risk: number }[];
  /** Area under the curve: the mean over rows of the risk at the coverage that lets the row in. 0 is perfect. */
  readonly aurc: number;
}

/** Widths of a bin: equally sure labels are let in together. */
const BINS = 1000;
const POINTS = 10;

/**
 * Gathers labels into a risk-coverage curve (El-Yaniv and Wiener 2010; AURC as Geifman et al. 2019), in memory that does not grow.
 * @example const curve = createRiskCoverage(); curve.add(0.99, false); curve.add(0.6, true); curve.read()!.aurc  // (0 + 0.5) / 2
 */
export function createRiskCoverage() {
  const rows = new Float64Array(BINS);
  const wrong = new Float64Array(BINS);
  return {
    /** @param confidence of the proposed label, 0.5 to 1 */
    add(confidence: number, isWrong: boolean): void {
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor((confidence - 0.5) * 2 * BINS)));
      rows[bin]!++;
      if (isWrong) wrong[bin]!++;
    },
    /** The curve so far; null before the first label. */
    read(): RiskCoverage | null {
      const all = rows.reduce((sum, n) => sum + n, 0);
      if (all === 0) return null;
      const points: { coverage: number; risk: number }[] = [];
      let seen = 0;
      let bad = 0;
      let area = 0;
      for (let bin = BINS - 1; bin >= 0; bin--) {
        if (rows[bin] === 0) continue;
        seen += rows[bin]!;
        bad += wrong[bin]!;
        area += (rows[bin]! / all) * (bad / seen);
        if (seen === all || seen / all >= (points.length + 1) / POINTS) points.push({ coverage: seen / all, risk: bad / seen });
      }
      return { rows: all, points, aurc: area };
    },
  };
}
