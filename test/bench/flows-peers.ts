import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one process took. */
export interface Taken {
  /** Milliseconds: the program's own measure where it has one (without its start), else of the whole process. */
  readonly ms: number;
  /** Milliseconds of processor time, user and system, of the process and its children, start included. */
  readonly cpu: number;
  /** Most memory of its largest process, megabytes. */
  readonly rss: number;
  /** What it counted, if it said. */
  readonly counted: Readonly<Record<string, number>>;
}

/** Runs a program under GNU time. Its last line of output may be JSON with its own `ms` and counts. */
export function measure(program: string, args: readonly string[], options: { readonly quiet?: boolean } = {}): Taken {
  const stdout = options.quiet ? 'ignore' : 'pipe';
  const result = spawnSync('/usr/bin/time', ['-f', 'took %e %U %S %M', program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (result.error) throw new Error(`GNU time is needed (Debian: time): ${result.error.message}`);
  const told = /took (\S+) (\S+) (\S+) (\S+)\s*$/.exec(result.stderr);
  if (result.status !== 0 || told === null) throw new Error(`${program} ${args.join(' ')}\n${result.stderr}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = told.slice(1).map(Number);
  const last = (result.stdout ?? '').trim().split('\n').at(-1) ?? '';
  const { ms = wall * 1000, rss = kilobytes / 1024, ...counted } = last.startsWith('{') ? (JSON.parse(last) as Record<string, number>) : {};
  return { ms, cpu: (user + system) * 1000, rss, counted };
}

const nfstream = `
import json, resource, sys, time
from nfstream import NFStreamer
if __name__ == '__main__':
    start, flows, packets = time.time(), 0, 0
    for f in NFStreamer(source=sys.argv[1], n_dissections=0, statistical_analysis=True, n_meters=1):
        flows += 1
        packets += f.bidirectional_packets
    ms = (time.time() - start) * 1000
    rss = sum(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(json.dumps(dict(ms=ms, rss=rss, flows=flows, packets=packets)))
`;

const cicflowmeter = `
import json, sys, time
from scapy.utils import PcapReader
from cicflowmeter.flow_session import FlowSession
start, packets = time.time(), 0
session = FlowSession('csv', sys.argv[2], None, False)
for packet in PcapReader(sys.argv[1]):
    packets += 1
    session.process(packet)
session.flush_flows()
print(json.dumps(dict(ms=(time.time() - start) * 1000, packets=packets)))
`;

const gopacket = `package main

import (
	"fmt"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

type key struct{ network, transport gopacket.Flow }

func main() {
	start := time.Now()
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	reader, err := pcapgo.NewReader(file)
	if err != nil {
		panic(err)
	}
	var eth layers.Ethernet
	var tag layers.Dot1Q
	var ip4 layers.IPv4
	var ip6 layers.IPv6
	var tcp layers.TCP
	var udp layers.UDP
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &tag, &ip4, &ip6, &tcp, &udp)
	parser.IgnoreUnsupported = true
	decoded := []gopacket.LayerType{}
	flows := map[key]*[2]uint64{}
	packets := 0
	for {
		data, info, err := reader.ZeroCopyReadPacketData()
		if err != nil {
			break
		}
		packets++
		parser.DecodeLayers(data, &decoded)
		var k key
		for _, layer := range decoded {
			switch layer {
			case layers.LayerTypeIPv4:
				k.network = ip4.NetworkFlow()
			case layers.LayerTypeIPv6:
				k.network = ip6.NetworkFlow()
			case layers.LayerTypeTCP:
				k.transport = tcp.TransportFlow()
			case layers.LayerTypeUDP:
				k.transport = udp.TransportFlow()
			}
		}
		flow := flows[k]
		if flow == nil {
			flow = flows[key{k.network.Reverse(), k.transport.Reverse()}]
		}
		if flow == nil {
			flow = new([2]uint64)
			flows[k] = flow
		}
		flow[0]++
		flow[1] += uint64(info.Length)
	}
	fmt.Printf("{\\"ms\\":%f,\\"packets\\":%d,\\"flows\\":%d}\\n", float64(time.Since(start).Microseconds())/1000, packets, len(flows))
}
`;

/** A peer that is ready to run, or why it is not. */
export type Peer = { readonly run: (file: string, scratch: string) => Taken } | { readonly absent: string };

const attempt = (
  program: string,
  args: readonly string[],
  cwd?: string,
  env: NodeJS.ProcessEnv = { GOFLAGS: '-mod=mod' },
): string | null => {
  const result = spawnSync(program, args, { encoding: 'utf8', cwd, env: { ...process.env, ...env } });
  if (result.error) return result.error.message;
  return result.status === 0 ? null : (result.stderr || result.stdout).trim().split('\n').at(-1)!;
};

/** A Python peer in a virtual environment of its own, installed the first time. `minor`: the least Python 3 it needs. */
function python(root: string, name: string, requirement: string, script: string, minor: number): Peer {
  const venv = join(root, '.netloop', `venv-bench-${name}`);
  const bin = join(venv, 'bin', 'python');
  const stamp = join(venv, 'netloop-stamp');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== requirement) {
    const fits = (exe: string) => attempt(exe, ['-c', `import sys; sys.exit(sys.version_info < (3, ${minor}))`]) === null;
    const found = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python'].find(fits);
    if (found === undefined) return { absent: `${requirement} needs Python 3.${minor} or newer, and none is here` };
    const why = attempt(found, ['-m', 'venv', venv]) ?? attempt(bin, ['-m', 'pip', 'install', '--quiet', requirement]);
    if (why !== null) return { absent: `${requirement} could not be installed: ${why}` };
    writeFileSync(stamp, requirement);
  }
  const file = join(venv, 'peer.py');
  writeFileSync(file, script);
  return { run: (capture, scratch) => measure(bin, [file, capture, scratch]) };
}

function go(root: string): Peer {
  const folder = join(root, '.netloop', 'bench-gopacket');
  const bin = join(folder, 'peer');
  if (!existsSync(bin)) {
    if (attempt('go', ['version']) !== null) return { absent: 'gopacket needs Go, and none is here (Debian: golang-go)' };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'main.go'), gopacket);
    writeFileSync(join(folder, 'go.mod'), 'module peer\n\ngo 1.19\n\nrequire github.com/google/gopacket v1.1.19\n');
    // As Debian ships it (golang-github-google-gopacket-dev, golang-golang-x-net-dev, golang-golang-x-sys-dev), else as a module.
    const asDebian = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };
    const why = attempt('go', ['build', '-o', bin, 'main.go'], folder, asDebian) && attempt('go', ['build', '-o', bin, '.'], folder);
    if (why !== null) return { absent: `gopacket could not be built: ${why}` };
  }
  return { run: (capture) => measure(bin, [capture]) };
}

/** The peers by name; each is set up when it is first asked for. `root` is the project's folder. */
export const peers: Readonly<Record<string, (root: string) => Peer>> = {
  nfstream: (root) => python(root, 'flows', 'nfstream==6.6.0', nfstream, 9),
  gopacket: go,
  cat: () => ({ run: (capture) => measure('/bin/sh', ['-c', 'exec cat "$0" > /dev/null', capture]) }),
  cicflowmeter: (root) => python(root, 'cicflowmeter', 'cicflowmeter==0.5.0', cicflowmeter, 12),
};
