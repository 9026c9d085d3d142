import { describe, expect, test } from 'vitest';
import { renderTrial, renderTrials } from '../../src/cli/trials.js';
import type { TrialResult } from '../../src/engines/trials.js';
import { planSweep } from '../../src/sweep.js';
import { makeFlows } from '../traffic/flows.js';
import { replay, smallSpec } from '../traffic/replay.js';

const { trials } = planSweep({ source: { files: ['a'] }, sweep: { grid: { 'behaviour.units': [[8], [16, 16], [32]] } } });

describe('the table of a sweep', () => {
  test('shows settings, label quality over the cycles without truth, champions, failures and what is left', async () => {
    const { report } = await replay(smallSpec(), makeFlows({ flows: 1300, seed: 5 }));
    const results: TrialResult[] = [
      { trial: trials[0]!, status: 'done', report, failures: ['NL_WORKER died'] },
      { trial: trials[1]!, status: 'failed', report: null, failures: ['NL_ONE_CLASS a', 'NL_ONE_CLASS b'] },
      { trial: trials[2]!, status: 'left', report: null, failures: [] },
    ];
    const table = renderTrials(results);
    const later = report.cycles.filter((c) => c.learner === 'flow' && c.parent !== null);
    const flows = later.reduce((n, c) => n + c.flows, 0);
    const wrong = later.reduce((n, c) => n + Math.round(c.labels.noise! * c.labels.coverage * c.flows), 0);
    const labelled = later.reduce((n, c) => n + Math.round(c.labels.coverage * c.flows), 0);
    expect(later.length).toBeGreaterThan(1);
    expect(labelled).toBeLessThan(flows); // some are skipped, so that coverage is no constant
    expect(table).toMatch(
      new RegExp(`\\[8\\] +done +\\w+ +${((100 * labelled) / flows).toFixed(1)} % +${((100 * wrong) / labelled).toFixed(1)} %`),
    );
    expect(table).toMatch(/\[16,16\] +failed +– +– +– +–/);
    expect(table).toContain('failed behaviour.units=[16,16]: NL_ONE_CLASS a; then NL_ONE_CLASS b');
    expect(table).toContain('done behaviour.units=[8]: NL_WORKER died');
    expect(table).toContain('1 trials left');
    expect(renderTrial(results[0]!)).toMatch(/^done: behaviour\.units=\[8\] \(run \w+, .*, after a failure: NL_WORKER died$/);
    expect(renderTrial(results[2]!)).toBe('left: behaviour.units=[32] (budget spent)');
  });
});
