import { expect, test } from 'vitest';
import type { Alert } from '../src/alert.js';
import { createCoverage } from '../src/attest.js';
import { makeSteps } from './traffic/flows.js';

test('a flow of a source without addresses is of nobody: no rule that counts hosts speaks of it', () => {
  const [step] = makeSteps();
  const { ts } = step!.flow;
  const about = { since: ts - 1, until: ts + 1 };
  const flood = { source: 'DFA', rule: 'flood', scope: about } as Alert;
  const from = (orig_h: string, resp_h: string) => ({ ...step!, flow: { ...step!.flow, orig_h, resp_h } });
  const ruleOf = (orig_h: string, resp_h: string) => {
    const one = from(orig_h, resp_h);
    return createCoverage([flood, { ...flood, scope: { ...about, orig_h } }], [one])(one);
  };
  expect(ruleOf('192.0.2.1', '192.0.2.2')).toBe('flood');
  expect(ruleOf('0.0.0.0', '255.255.255.255')).toBe('flood'); // a host that asks for an address is somebody
  expect(ruleOf('0.0.0.0', '0.0.0.0')).toBeNull();
  expect(ruleOf('::', '::')).toBeNull();
});
