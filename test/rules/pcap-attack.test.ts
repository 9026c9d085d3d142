import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Alert, implicates } from '../../src/alert.js';
import { createFlowTable } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import type { Flow } from '../../src/flow.js';
import { createRules } from '../../src/rules/all.js';
import type { Frames } from '../../src/source.js';
import { openCapture } from '../../src/sources/pcap-file.js';

const data = process.env.NETLOOP_DATA ?? '../shared/data';
const folder = join(data, 'pcap-attack');
const absent = !existsSync(folder) && !process.env.CI;
if (absent) console.log(`skipped: no attack captures in ${folder}`);

interface Replay {
  readonly alerts: readonly Alert[];
  readonly flows: readonly Flow[];
  /** The alerts in words, for failing tests. */
  readonly text: string;
}

/** A capture through decoder, flow table and rules, ended by five silent seconds. */
async function replay(path: string): Promise<Replay> {
  const rules = createRules();
  const alerts: Alert[] = [];
  const flows: Flow[] = [];
  const decoder = createDecoder();
  const table = createFlowTable({
    checksums: 'ignore',
    on: (event) => {
      alerts.push(...rules.observe(event));
      if (event.kind === 'closed') flows.push(event.flow);
    },
  });
  let to = 0;
  for await (const batch of (await openCapture(path)).read()) {
    const { bytes, offset, captured, length, ts, link } = batch as Frames;
    for (let i = 0; i < batch.count; i++) {
      to = Math.max(to, ts[i]!);
      table.push(decoder.frame(bytes, offset[i]!, captured[i]!, length[i]!, ts[i]!, link[i]!));
    }
  }
  alerts.push(...(rules.advance?.(to + 5e6) ?? []));
  table.flush();
  const text = [...new Set(alerts.map((a) => `${a.rule} ${a.orig_h} -> ${a.resp_h}:${a.resp_p}`))].join('\n');
  return { alerts, flows, text };
}

/** What each capture must give: rule, who, whom; and the least share of its flows that the alerts speak of. */
const attacks: readonly (readonly [file: string, rule: string, orig: string, resp: string, share: number])[] = [
  ['scan-29ports.pcap', 'port-scan', '10.100.25.14', '10.100.18.12', 1],
  ['scan-syn-vertical-1000ports.pcapng', 'port-scan', '172.16.0.8', '64.13.134.52', 0.99],
  ['scan-syn-3hosts-1000ports.pcap', 'port-scan', '10.0.0.140', '10.0.0.254', 0.99],
  ['nmap-fin_scan.pcap', 'port-scan', '192.168.1.10', '192.168.1.25', 0.99],
  ['nmap-tcp_connect_scan.pcap', 'port-scan', '192.168.1.10', '192.168.1.25', 0.99],
  ['nmap-udp_scan.pcap', 'port-scan', '192.168.1.10', '192.168.1.25', 0.95],
  ['scan-horizontal-256hosts-port80.pcap', 'host-sweep', '10.0.0.128', '*', 0.99],
  ['scan-icmp-sweep.pcap', 'host-sweep', '10.0.0.128', '*', 0.99],
  ['mixed-iot-scan-telnet-ssh.pcap', 'host-sweep', '192.168.2.16', '*', 0],
  ['scan-arp-509.pcap', 'arp-sweep', '10.0.0.128', '*', 0],
  ['ssh-guess-11conns.pcap', 'password-guessing', '192.168.56.1', '192.168.56.103', 1],
  ['ssh-hydra-7conns.pcap', 'password-guessing', '192.168.1.2', '192.168.1.3', 0.8],
  ['ftp-bruteforce-zeek.pcap', 'password-guessing', '192.168.56.1', '192.168.56.101', 1],
  ['arp-poison-mitm-web.pcapng', 'arp-spoofing', '00:25:b3:bf:91:ee', '172.16.0.1', 0],
  ['arp-spoof-one-mac-two-ips.pcap', 'arp-spoofing', '00:e0:4d:3c:25:7b', '10.0.0.157', 0],
  ['dos-100src.pcap', 'flood', '*', '*', 1],
];

describe.skipIf(absent)('captures with attacks', () => {
  it.each(attacks)('%s: %s by %s', async (file, rule, orig, resp, share) => {
    const { alerts, flows, text } = await replay(join(folder, file));
    expect([...new Set(alerts.map((a) => a.rule))], text).toEqual([rule]);
    expect(
      alerts.some((a) => a.orig_h === orig && a.resp_h === resp),
      text,
    ).toBe(true);
    const implicated = flows.filter((flow) => alerts.some((a) => implicates(a, flow))).length;
    expect(implicated).toBeGreaterThanOrEqual(share * flows.length);
  });

  it('leaves the benign flows of the scanning device alone', async () => {
    const { alerts, flows } = await replay(join(folder, 'mixed-iot-scan-telnet-ssh.pcap'));
    const benign = flows.filter((f) => f.resp_bytes > 0 || f.orig_h !== '192.168.2.16' || f.proto !== 'tcp');
    expect(benign.length).toBeGreaterThan(100);
    expect(benign.filter((flow) => alerts.some((a) => implicates(a, flow)))).toEqual([]);
  });
});

describe.skipIf(absent)('captures without, and what rules cannot know', () => {
  it.each(['ssh-normal-session.pcap', 'benign-many-protocols.pcap', 'lan-generic.pcapng', 'c2-rat.pcapng', 'c2-test-cc-1.pcap'])(
    '%s: silence',
    async (file) => {
      expect((await replay(join(folder, file))).text).toBe('');
    },
  );
});
