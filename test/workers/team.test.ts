import { afterAll, describe, expect, it } from 'vitest';
import type { Architecture, TrainOptions } from '../../src/model.js';
import { HELPED } from '../../src/networks/crew.js';
import { layOut } from '../../src/networks/layout.js';
import { createModel } from '../../src/networks/load.js';
import { placeNetwork } from '../../src/networks/memory.js';
import type { Invitation } from '../../src/networks/tasks.js';
import { createTeam } from '../../src/workers/team.js';
import { trainInWorker } from '../../src/workers/train.js';
import { makeRows } from '../networks/rows.js';

const lstm: Architecture = { kind: 'lstm', steps: 6, features: 10, units: [12, 9], dense: [7] };
const both: Architecture = { ...lstm, bidirectional: true, recurrentActivation: 'hard_sigmoid' };
const options: TrainOptions = { epochs: 3, batch: 200, learningRate: 1e-2, seed: 7, clipNorm: 1, dropout: [0.2, 0.1, 0.3] };
const teams = [1, 2, 4].map((threads) => createTeam(threads));
afterAll(() => Promise.all(teams.map((team) => team.close())));

// 230 rows in batches of 200 are 13 shards, more than there are gradient slots, and then 2: every path of the crew.
describe.each([
  ['lstm', lstm],
  ['bidirectional', both],
  ['mlp', { kind: 'mlp', steps: 1, features: 13, units: [], dense: [16, 8, 8] } as const],
])('a team training %s', (_, architecture) => {
  const rows = makeRows(architecture, 230, 1);
  let helped = 0;
  const trained = async (more: Partial<TrainOptions>): Promise<readonly [string, unknown]> => {
    const model = createModel(architecture, { seed: 2026 });
    const report = await model.train(rows, { ...options, ...more });
    return [model.save().sha256, report];
  };

  it.each([[{}], [{ optimizer: 'sgd', momentum: 0.9, clipNorm: 0 } as const], [{ frozen: ['dense_0'] }]])(
    'gives the bits of one thread: %j',
    async (more) => {
      const alone = await trained(more);
      for (const team of teams) {
        let joined: Invitation | undefined;
        const invite = (invitation: object): void => {
          joined = invitation as Invitation;
          team.invite(invitation);
        };
        expect(await trained({ ...more, team: { helpers: team.helpers, invite } })).toEqual(alone);
        const { memory } = joined?.network ?? {};
        if (memory) helped += new Int32Array(memory.buffer, placeNetwork(layOut(architecture), { slots: 8 }).lanes[0]!.control, 4)[HELPED]!;
      }
    },
  );

  it('was a team: its helpers did some of the work', () => expect(helped).toBeGreaterThan(0));
});

describe('a team', () => {
  const rows = makeRows(lstm, 64, 1);
  const hash = async (team?: TrainOptions['team']): Promise<string> => {
    const model = createModel(lstm, { seed: 1 });
    await model.train(rows, { ...options, epochs: 20, team });
    return model.save().sha256;
  };

  it('whose threads are gone leaves the work to the caller', async () => {
    const team = createTeam(3);
    await team.close();
    expect(await hash(team)).toBe(await hash());
  });

  it('lends a hand in a training thread too', async () => {
    const model = createModel(lstm, { seed: 1 }).save();
    const [one, three] = await Promise.all(
      [1, 3].map((threads) => trainInWorker({ model, batch: rows, options: { ...options, threads } })),
    );
    expect(three).toEqual(one);
  });

  it('refuses impossible numbers of threads', async () => {
    for (const threads of [0, 1.5, 65, Number.NaN]) {
      expect(() => createTeam(threads)).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
      const model = createModel(lstm, { seed: 1 }).save();
      await expect(trainInWorker({ model, batch: rows, options: { ...options, threads } })).rejects.toMatchObject({ code: 'NL_OPTION' });
    }
  });
});
