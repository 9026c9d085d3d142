import type { DriftDetector } from './detector.js';

/**
 * Page-Hinkley test (Page 1954), two-sided, step by step as River 0.26.1 defines it: cumulative sums of (x - mean -/+ delta) with forgetting
 * factor alpha, alarm when one leaves its extreme by more than `threshold`; then everything starts anew.
 */
export function createPageHinkley({ minInstances = 30, delta = 0.005, threshold = 50, alpha = 0.9999 } = {}): DriftDetector {
  let n = 0;
  let mean = 0;
  let up = 0;
  let down = 0;
  let minUp = Number.POSITIVE_INFINITY;
  let maxDown = -1; // River's start, not minus infinity
  return {
    update(value) {
      n++;
      mean += (value - mean) / n;
      const off = value - mean;
      up = alpha * up + off - delta;
      down = alpha * down + off + delta;
      minUp = Math.min(minUp, up);
      maxDown = Math.max(maxDown, down);
      if (n < minInstances || (up - minUp <= threshold && maxDown - down <= threshold)) return false;
      n = 0;
      mean = 0;
      up = 0;
      down = 0;
      minUp = Number.POSITIVE_INFINITY;
      maxDown = -1;
      return true;
    },
  };
}
