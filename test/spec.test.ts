import { describe, expect, test } from 'vitest';
import { guardedGate, plainGate } from '../src/gate.js';
import { mergeSpecs, resolveSpec, setPath } from '../src/spec.js';

const minimal = { source: { files: ['a.pcap'] } };

describe('spec', () => {
  test('the defaults are those of the existing systems', () => {
    const spec = resolveSpec(minimal);
    expect(spec.sequence).toEqual({ length: 10, overlap: 0.5, minFlows: 5, by: 'user_id' });
    expect(spec.labels).toEqual({
      policy: 'guarded',
      attackAbove: 0.95,
      benignBelow: 0.3,
      rules: true,
      unknown: 'drop',
      benignCredibility: 0.02,
      attackCredibility: 0.01,
      leastStanding: 0.5,
    });
    expect(spec.flow).toMatchObject({
      every: { seconds: 3600 },
      minSamples: 100,
      maxHistory: 10_000,
      train: { epochs: 3, batch: 32, learningRate: 1e-4 },
    });
    expect(spec.behaviour).toMatchObject({ every: { seconds: 600 }, train: { epochs: 10 } });
    expect(spec.flows).toMatchObject({ idle: 120, active: 1800 });
    expect(spec.gate).toEqual(guardedGate);
    expect(resolveSpec({ ...minimal, gate: { preset: 'plain' } }).gate).toEqual(plainGate);
    expect(resolveSpec({ ...minimal, gate: { maxFprRise: 0.05 } }).gate).toEqual({ ...guardedGate, maxFprRise: 0.05 });
  });

  test('unknown keys are refused with the nearest right one', () => {
    expect(() => resolveSpec({ ...minimal, sequense: {} }, 'x.yaml')).toThrow("x.yaml: unknown key 'sequense', did you mean 'sequence'?");
    expect(() => resolveSpec({ ...minimal, flow: { minSample: 3 } })).toThrow("unknown key 'flow.minSample', did you mean 'minSamples'?");
  });

  test('values outside their range name the key', () => {
    expect(() => resolveSpec({ ...minimal, sequence: { length: 3 } })).toThrow(/sequence\.length/);
    expect(() => resolveSpec({ ...minimal, labels: { benignBelow: 0.99 } })).toThrow(/benignBelow must be at most labels.attackAbove/);
    expect(() => resolveSpec({ ...minimal, sequence: { length: 5, minFlows: 9 } })).toThrow(/minFlows must be at most/);
    expect(() => resolveSpec({})).toThrow(/source/);
  });

  test('a training that cannot be done is refused before anything runs', () => {
    const refusal = (behaviour: object): string => {
      try {
        resolveSpec({ ...minimal, behaviour }, 'x.yaml');
      } catch (error) {
        return (error as Error).message;
      }
      return 'taken';
    };
    expect(refusal({ train: { momentum: 0.9 } })).toMatch(/behaviour\.train\.momentum: expected 0 with optimizer 'adam'/);
    expect(refusal({ train: { momentum: 0.9, optimizer: 'sgd' } })).toBe('taken');
    expect(refusal({ train: { frozen: ['lstm_1'] } })).toMatch(/frozen must name layers of lstm_0, dense_0, output; got 'lstm_1'/);
    expect(refusal({ train: { frozen: ['lstm_0', 'dense_0', 'output'] } })).toMatch(/must leave a layer that learns/);
    expect(refusal({ first: { dropout: [0.1] } })).toMatch(/first\.dropout must be a number, or one for each of lstm_0, dense_0; got 1/);
    expect(refusal({ first: { dropout: [0.1, 0.2] } })).toBe('taken');
    expect(refusal({ first: { schedule: { kind: 'cosine', every: 3 } } })).toMatch(/first\.schedule/);
    expect(refusal({ first: { earlyStopping: { monitor: 'val_loss', patience: 2 } } })).toMatch(/monitor/); // rows that judge do not steer
    expect(() => resolveSpec({ ...minimal, flow: { bidirectional: true } })).toThrow(/unknown key 'flow\.bidirectional'/);
  });

  test('what was resolved resolves to itself', () => {
    const spec = resolveSpec({ ...minimal, behaviour: { first: { schedule: { kind: 'cosine' }, earlyStopping: { patience: 3 } } } });
    expect(resolveSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    expect(mergeSpecs({ schedule: { kind: 'step', every: 2, factor: 0.5 } }, { schedule: { kind: 'cosine' } })).toEqual({
      schedule: { kind: 'cosine' },
    });
  });

  test('overrides by path and by merge', () => {
    expect(setPath({ a: { b: 1, c: 2 } }, 'a.b', 9)).toEqual({ a: { b: 9, c: 2 } });
    expect(mergeSpecs({ flow: { every: { seconds: 60 }, replay: 1 } }, { flow: { every: { flows: 5 } } })).toEqual({
      flow: { every: { flows: 5 }, replay: 1 },
    });
  });
});
