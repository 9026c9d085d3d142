import type { ExperimentPorts } from '../experiment.js';
import type { CycleState } from '../journal.js';
import type { ModelName } from '../registry.js';

/** The states in which a cycle is under way beside detection. */
const BUSY: readonly CycleState[] = ['labelling', 'building', 'backing-up', 'training', 'validating'];

/** Where each learner's cycle stands, read off the journal; absent: none is under way. */
export type Stages = ReadonlyMap<ModelName, CycleState>;

/** The same journal, and which cycle of each learner is under way. `onStage` is told of every change. */
export function watchJournal(
  journal: ExperimentPorts['journal'],
  onStage: (name: ModelName, stage: CycleState | null) => void,
): { readonly journal: ExperimentPorts['journal']; readonly stages: Stages } {
  const learnerOf = new Map<string, ModelName>();
  const stages = new Map<ModelName, CycleState>();
  return {
    stages,
    journal: {
      ...journal,
      async begin(start) {
        const id = await journal.begin(start);
        learnerOf.set(id, start.learner);
        return id;
      },
      async advance(id, state, data) {
        await journal.advance(id, state, data);
        const name = learnerOf.get(id);
        if (state === 'cleaned') learnerOf.delete(id);
        if (name === undefined) return;
        const busy = BUSY.includes(state);
        // The next window of the same learner may be skipped while a cycle trains: only a cycle's own end ends it.
        if (busy) stages.set(name, state);
        else if (state !== 'cleaned') stages.delete(name);
        onStage(name, busy ? state : null);
      },
    },
  };
}
