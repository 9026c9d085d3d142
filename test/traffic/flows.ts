import type { Step } from '../../src/detector.js';
import { createFeaturizer } from '../../src/featurize.js';
import type { Flow } from '../../src/flow.js';
import { createRandom } from '../../src/random.js';

const start = 1_700_000_000_000_000;

/**
 * Seeded traffic for tests of the loop: users browse; every third user also probes closed ports now and then. Addresses are RFC 5737's.
 * Truth is on every flow. `drift` moves the attackers from refused probes to quiet, long, talkative sessions.
 */
export function makeFlows({ flows = 600, users = 9, seed = 1, from = 0, drift = false } = {}): Flow[] {
  const random = createRandom(seed);
  const out: Flow[] = [];
  let ts = start + from * 1_000_000;
  for (let i = 0; i < flows; i++) {
    ts += 200_000 + random.below(1_500_000);
    const user = random.below(users);
    const attack = user % 3 === 0 && random.next() < 0.5;
    const quiet = attack && !drift;
    out.push({
      ts,
      duration: quiet ? random.below(2000) : 50_000 + random.below(4_000_000),
      proto: 'tcp',
      service: quiet ? '-' : 'http',
      orig_h: `192.0.2.${10 + user}`,
      orig_p: 30_000 + random.below(30_000),
      resp_h: quiet ? `198.51.100.${1 + random.below(3)}` : '198.51.100.80',
      resp_p: quiet ? 1 + random.below(1024) : attack ? 8443 : 80,
      conn_state: quiet ? 'REJ' : 'SF',
      history: quiet ? 'Sr' : 'ShADadFf',
      orig_pkts: quiet ? 1 : 6,
      orig_bytes: quiet ? 0 : attack ? 40_000 + random.below(9000) : 200 + random.below(900),
      orig_ip_bytes: quiet ? 40 : 800,
      resp_pkts: quiet ? 1 : 6,
      resp_bytes: quiet ? 0 : 1500 + random.below(30_000),
      resp_ip_bytes: quiet ? 40 : 3000,
      vlan: null,
      tunnel: null,
      wrong_fragment: 0,
      urgent: 0,
      end: 'recorded',
      label: attack ? 1 : 0,
    });
  }
  return out;
}

/** The same flows as a detector without models would have seen them. */
export function makeSteps(options: Parameters<typeof makeFlows>[0] = {}): Step[] {
  const featurize = createFeaturizer();
  return makeFlows(options).map((flow) => ({ flow, user: flow.orig_h, row: featurize(flow), score: null }));
}
