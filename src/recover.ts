import type { CycleEntry, CycleJournal } from './journal.js';
import type { Registry } from './registry.js';

/**
 * Puts in order what a killed process left. A cycle whose challenger was judged and stored is finished as it was decided; any other is
 * marked failed, because its flows lived in memory only. The champion is whatever the registry says; nothing is trained here.
 * @returns the cycles that were found under way, as they ended
 */
export async function recoverCycles(
  journal: CycleJournal,
  registry: Registry,
): Promise<readonly (CycleEntry & { readonly outcome: string })[]> {
  const found: (CycleEntry & { outcome: string })[] = [];
  for (const entry of await journal.unfinished()) {
    const { id, learner, state, version, data } = entry;
    let outcome: 'deployed' | 'rolled-back' | 'failed' = 'failed';
    let reason = `killed while ${state}: its flows lived in memory only`;
    if (entry.outcome !== null) {
      await journal.advance(id, 'cleaned', {}); // it had ended; only the cleaning was left
      continue;
    }
    if (state === 'validating' && version !== null && typeof data.deploy === 'boolean') {
      const why = `cycle ${entry.number}: ${entry.reason}`;
      if (data.deploy && (await registry.current(learner))?.version !== version) await registry.promote(learner, version, why);
      outcome = data.deploy ? 'deployed' : 'rolled-back';
      reason = `${entry.reason} (decided before the process was killed, finished after)`;
    }
    await journal.advance(id, outcome, { reason });
    await journal.advance(id, 'cleaned', {});
    found.push({ ...entry, outcome, reason });
  }
  return found;
}
