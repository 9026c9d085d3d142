import type { ModelName } from './registry.js';
import type { Source } from './source.js';

/** Ends a run early: after so many cycles a learner collects no more, and when every learner has had its cycles nothing more is read. */
export function createCycleLimit(most: number | null, learners: readonly ModelName[]) {
  const begun = new Map<ModelName, number>(learners.map((name) => [name, 0]));
  const spent = (name: ModelName): boolean => most !== null && (begun.get(name) ?? most) >= most;
  const over = (): boolean => learners.length > 0 && learners.every(spent);
  return {
    /** A cycle of this learner begins. */
    begin: (name: ModelName): void => void begun.set(name, (begun.get(name) ?? 0) + 1),
    spent,
    /** The same sources, which end after the batch in which the last cycle began. */
    sources: (sources: readonly Source[]): readonly Source[] =>
      most === null
        ? sources
        : sources.map((source) => ({
            ...source,
            async *read(options) {
              if (over()) return;
              for await (const batch of source.read(options)) {
                yield batch;
                if (over()) return;
              }
            },
          })),
  };
}
