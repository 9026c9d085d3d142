// `netloop audit` on a home whose ledger holds two cycles' labels: what is asked, what answers say, and that an answered row is not asked again.
import { expect, onTestFinished, test } from 'vitest';
import { createFeedbackStore } from '../../src/stores/feedback-sqlite.js';
import { findHome, prepareHome } from '../../src/stores/home.js';
import { createJournal } from '../../src/stores/journal-sqlite.js';
import { createLedgerStore } from '../../src/stores/ledger-sqlite.js';
import { createTestHome } from './home.js';

interface Shown {
  readonly learner: string;
  readonly cycle: number;
  readonly drawn: number;
  readonly checked: number;
  readonly wrong: number;
  readonly high: number;
  readonly open: readonly { readonly id: string; readonly label: 0 | 1 }[];
}

test('a queue of each cycle, answered through netloop label, gives its noise with an interval', async () => {
  const { dir, netloop, remove } = createTestHome();
  onTestFinished(remove);
  const home = prepareHome(findHome(dir, { NETLOOP_HOME: dir }));
  const ledger = createLedgerStore(home.ledger);
  ledger.add(
    Array.from({ length: 400 }, (_, i) => ({
      id: `${i < 200 ? 'one' : 'two'}-${i}`,
      user: 'u',
      learner: 'flow' as const,
      ts: i * 1e6,
      x: Float32Array.of(i),
      label: (i % 4 === 0 ? 1 : 0) as 0 | 1,
      source: i % 4 === 0 ? ('rule' as const) : ('score-low' as const),
      version: i % 4 === 0 ? null : 'flow@1',
      rule: i % 4 === 0 ? 'port-scan' : null,
      confidence: 0.9,
    })),
  );
  ledger.close();
  const journal = createJournal(home.journal);
  for (const number of [2, 3]) {
    const window = { from: (number - 2) * 200e6, to: (number - 1) * 200e6 };
    await journal.begin({ learner: 'flow', number, window, parent: 1, run: null });
  }
  journal.close();

  const ask = async (): Promise<Shown[]> => JSON.parse((await netloop('audit', '--most', '8', '--json')).stdout);
  const first = await ask();
  expect(first).toMatchObject([
    { learner: 'flow', cycle: 3, drawn: 8, checked: 0, low: 0, high: 1 },
    { learner: 'flow', cycle: 2, drawn: 8, checked: 0 },
  ]);
  expect(first[0]!.open.every(({ id }) => id.startsWith('two'))).toBe(true);
  expect(first[0]!.open.filter(({ label }) => label === 1)).toHaveLength(2);

  const asked = first[0]!.open[0]!;
  const said = await netloop('label', asked.id, asked.label === 1 ? 'benign' : 'attack', '--why', 'the router itself');
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining(`flow ${asked.id}: `) });
  const feedback = createFeedbackStore(home.feedback);
  expect(await feedback.of(asked.id)).toMatchObject({ subject: 'flow', user: 'u' });
  feedback.close();

  const [newest] = await ask();
  expect(newest).toMatchObject({ drawn: 8, checked: 1, wrong: 1, noise: 1 });
  expect(newest!.open.map(({ id }) => id)).toEqual(first[0]!.open.slice(1).map(({ id }) => id));
  const page = await netloop('audit');
  expect(page.stdout).toContain('netloop label FLOW');
});

test('nothing kept, nothing asked; a foolish number is refused', async () => {
  const { netloop, remove } = createTestHome();
  onTestFinished(remove);
  expect(await netloop('audit')).toMatchObject({ code: 0, stdout: 'no automatic labels are kept of the newest cycles\n' });
  expect(await netloop('audit', '--most', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('NL_OPTION') });
});
