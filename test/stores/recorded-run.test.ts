import { describe, expect, onTestFinished, test } from 'vitest';
import { cycleOf, findNamed, findRun, readRun, SEEDS_TAG } from '../../src/stores/recorded-run.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { testFolder } from './folder.js';

function open() {
  const tracking = createEmbeddedTracking(testFolder());
  onTestFinished(() => tracking.close());
  const start = (id: string, parent?: string) => tracking.start({ experiment: 'e', name: `run ${id}`, id: id.padEnd(32, '0'), parent });
  return { tracking, start };
}
const spec = JSON.stringify({ source: { files: ['a'] } });

describe('a recorded run', () => {
  test('is found by its id, by how it begins, and by one of its cycles', async () => {
    const { tracking, start } = open();
    const run = await start('abcd1');
    const cycle = await start('ef99', run);
    for (const id of [run, 'abcd', 'abcd1', cycle, 'ef99']) expect((await findRun(tracking, id)).id).toBe(run);
  });

  test('an id that is none, or more than one, says what there is', async () => {
    const { tracking, start } = open();
    await expect(findRun(tracking, 'abcd')).rejects.toThrow('no run abcd; the tracking store holds none yet');
    const run = await start('abcd1');
    await start('abcd2');
    await start('abce3', run); // a cycle: never offered
    await expect(findRun(tracking, 'abcd')).rejects.toMatchObject({
      code: 'NL_RUN_UNKNOWN',
      message: expect.stringMatching(/^abcd begins 2 runs: abcd2.*, abcd1/),
    });
    await expect(findRun(tracking, 'abd1')).rejects.toThrow(
      /^no run abd1; nearest: abcd[12]0{27} \(run abcd[12]\), abcd[12]0{27} \(run abcd[12]\)$/,
    );
    await expect(findRun(tracking, 'abc')).rejects.toThrow(/^no run abc; nearest/); // too short to name one
    await expect(findRun(tracking, "'; DROP TABLE runs; --")).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
  });

  test('one that was killed is read from its cycles, those cut short left out', async () => {
    const { tracking, start } = open();
    const run = await start('a1');
    await tracking.artifact(run, 'spec.json', spec);
    for (const [i, reason] of ['all checks passed', 'cancelled'].entries()) {
      await tracking.artifact(await start(`b${i}`, run), 'cycle.json', JSON.stringify({ learner: 'flow', number: i + 1, reason }));
    }
    await start('b9', run); // killed before it wrote anything
    const read = await readRun(tracking, run);
    expect(read.report).toBeNull();
    expect(read.cycles).toEqual([{ learner: 'flow', number: 1, reason: 'all checks passed' }]);
    expect(read.spec.sequence.length).toBe(10);
  });

  test("a run whose report holds its newest cycles only is read from the cycles' own runs, all of them", async () => {
    const { tracking, start } = open();
    const run = await start('a1');
    await tracking.artifact(run, 'spec.json', spec);
    const cycles = [1, 2, 3].map((number) => ({ learner: 'flow', number, reason: 'all checks passed' }));
    for (const cycle of cycles) await tracking.artifact(await start(`b${cycle.number}`, run), 'cycle.json', JSON.stringify(cycle));
    const report = { run_id: run, cycles: cycles.slice(1) };
    await tracking.artifact(run, 'report.json', JSON.stringify({ ...report, earlier: 1 }));
    const numbers = async () => (await readRun(tracking, run)).cycles.map(({ number }) => number).sort();
    expect(await numbers()).toEqual([1, 2, 3]);
    await tracking.artifact(run, 'report.json', JSON.stringify(report));
    expect(await numbers()).toEqual([2, 3]); // a whole report is taken at its word
  });

  test('a group of seeds is no run, but its members are', async () => {
    const { tracking, start } = open();
    const group = await start('a1');
    await tracking.log(group, { tags: { [SEEDS_TAG]: '[1]' } });
    const member = await start('b1', group);
    await tracking.log(member, { tags: { 'netloop.spec': '{}' } });
    await tracking.artifact(member, 'spec.json', spec);
    await tracking.finish(member, 'FINISHED');
    await expect(readRun(tracking, group)).rejects.toThrow(/^run a10+ is a group of 1 seeds: name one of its runs, e\.g\. b10+$/);
    expect((await readRun(tracking, 'b100')).id).toBe(member);
  });

  test('a cycle is told from its run, by its learner and number', async () => {
    const { tracking, start } = open();
    const run = await start('a1');
    const child = await tracking.start({ experiment: 'e', name: 'behaviour cycle 12', id: 'c1'.padEnd(32, '0'), parent: run });
    expect(cycleOf(await findNamed(tracking, child))).toEqual({ learner: 'behaviour', number: 12 });
    expect(cycleOf(await findNamed(tracking, run))).toBeNull();
    expect((await findRun(tracking, 'c100')).id).toBe(run);
  });

  test('what is no experiment, is damaged, or has a spec of another version is told', async () => {
    const { tracking, start } = open();
    const run = await start('a1');
    await expect(readRun(tracking, run)).rejects.toMatchObject({
      code: 'NL_RUN_UNKNOWN',
      message: expect.stringContaining('no spec.json'),
    });
    await tracking.artifact(run, 'spec.json', '{');
    await expect(readRun(tracking, run)).rejects.toMatchObject({ code: 'NL_FILE_CORRUPT' });
    await tracking.artifact(run, 'spec.json', JSON.stringify({ source: { files: ['a'] }, gone: 1 }));
    await expect(readRun(tracking, run)).rejects.toMatchObject({ code: 'NL_SPEC', message: expect.stringContaining("unknown key 'gone'") });
  });
});
