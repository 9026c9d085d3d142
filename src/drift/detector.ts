/** Watches one number as it streams; `update` is true when its distribution has changed. */
export interface DriftDetector {
  update(value: number): boolean;
}
