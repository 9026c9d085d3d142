import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createFlowTable } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import { isNetloopError } from '../../src/errors.js';
import { createRandom, type Random } from '../../src/random.js';
import type { Source } from '../../src/source.js';
import { openSource } from '../../src/sources/open.js';
import { openFrames } from '../../src/sources/pcap-file.js';
import { bytes, pcap } from '../packets/build.js';
import { big, block, enhanced, iface, little, obsolete, option, section, simple } from '../packets/build-pcapng.js';
import { golden } from '../packets/golden.js';

/** Words that lengths, counts and magic numbers are hurt by. */
const words = [0, 1, 3, 4, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x40000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** Captures of every kind the readers know: both orders of octets, micro- and nanoseconds, all blocks of pcapng. */
export function seedCaptures(): Uint8Array[] {
  const frames = golden.filter((g) => g.link === 1).map((g) => g.frame);
  const plain = pcap(frames);
  const nano = plain.slice();
  nano.set([0xa1, 0xb2, 0x3c, 0x4d]);
  const ng = [big, little].map((w) =>
    bytes(
      section(w),
      iface(w, 1, option(w, 9, [9])),
      iface(w, 101),
      ...frames.flatMap((f, i) => [enhanced(w, i & 1, BigInt(i) << 20n, f), simple(w, f), obsolete(w, 0, 7n, f)]),
      block(w, 4, new Uint8Array(40)),
      section(w),
      iface(w, 113),
      enhanced(w, 0, 9n, frames[0]!),
    ),
  );
  return [plain, nano, ...ng];
}

const text = (...lines: string[]): Uint8Array => Buffer.from(`${lines.join('\n')}\n`);
const times = (n: number, line: string): string[] => Array.from({ length: n }, () => line);

/** Record files of every kind the sources know. */
export function seedRecords(): Uint8Array[] {
  const zeek = '1655071198.444458\tC1\t10.0.0.1\t62771\t10.0.0.2\t443\ttcp\tssl\t1.135424\t1596\t4039\tSF\tShADadFf\t14\t1016\t16\t1226';
  const named =
    'ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\thistory';
  const json =
    '{"ts":1664462456.755299,"id.orig_h":"1.2.3.4","id.orig_p":3,"id.resp_h":"::1","id.resp_p":0,"proto":"icmp","duration":1e-06}';
  const argus = '2011/08/16 10:02:08.703460,0.167688,tcp,10.0.0.5,1025,   ->,10.0.0.9,80,FSPA_FSPA,0,0,7,1000,600,flow=From-Botnet';
  const kdd = `7,tcp,private,S0,12,34,0,1,2,${times(13, '9').join(',')},123,6,1.00,0.90,0.10,0.20,0.05,0.07,0.30,255,26,${times(8, '0.15').join(',')},neptune`;
  return [
    text(
      '#separator \\x09',
      '#unset_field\t-',
      '#path\tconn',
      `#fields\t${named}\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes`,
      ...times(50, zeek),
    ),
    text(...times(50, json)),
    text('StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label', ...times(50, argus)),
    text(...times(50, kdd), ...times(50, `${kdd},21`)),
    text(...times(50, `59.166.0.7,8607,149.171.126.5,53,tcp,FIN,0.85,${times(40, '1').join(',')},Exploits,1`)),
  ];
}

/** Changes a few words, cuts, doubles or drops a stretch: at structure as often as anywhere. */
export function mutateFile(content: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = Uint8Array.from(content);
  for (let n = random.below(5); n >= 0 && changed.length > 4; n--) {
    const at = random.below(random.below(3) === 0 ? Math.min(64, changed.length) : changed.length);
    const kind = random.below(6);
    if (kind === 0) changed[at] = random.below(256);
    else if (kind === 1) changed[at] = changed[at]! ^ (1 << random.below(8));
    else if (kind === 2) new DataView(changed.buffer).setUint32(Math.min(at & ~3, changed.length - 4), words[random.below(words.length)]!);
    else if (kind === 3)
      new DataView(changed.buffer).setUint32(Math.min(at & ~3, changed.length - 4), words[random.below(words.length)]!, true);
    else if (kind === 4) changed = changed.slice(0, at);
    else changed = bytes(changed.subarray(0, at), changed.subarray(random.below(changed.length)));
  }
  return changed;
}

/** What fields and rows are hurt by. */
const marks = [...',\t\n"-.:{}[]#0198eE ', '\r\n', '1e999', '-1', 'NaN', '99999999999999999999', '\\x09', '\u00e9'];

/** Changes some characters, keeps the text a text; two of three times the first row stays whole, so that rows are reached. */
export function mutateText(content: Uint8Array, random: Random): Uint8Array {
  let changed = Buffer.from(content).toString();
  const floor = random.below(3) === 0 ? 0 : Math.min(changed.length - 1, 400);
  for (let n = 1 + random.below(20); n > 0; n--) {
    const at = floor + random.below(Math.max(1, changed.length - floor));
    const mark = random.below(10) === 0 ? changed.slice(at, at + random.below(300)) : marks[random.below(marks.length)]!;
    changed = changed.slice(0, at) + mark + changed.slice(at + random.below(4));
  }
  return Buffer.from(changed);
}

/** Reads a source to its end, packets through decoder and flow table; a coded error is an answer like any other, all else is thrown. */
async function survive(source: Source): Promise<string> {
  const decoder = createDecoder();
  const table = createFlowTable({ maxFlows: 200 });
  try {
    for await (const batch of source.read()) {
      if (batch.kind === 'flows') continue;
      for (let i = 0; i < batch.count; i++) {
        const [from, length] = [batch.offset[i]!, batch.captured[i]!];
        if (from + length > batch.bytes.length) throw new RangeError(`frame ${i}: ${from} + ${length} of ${batch.bytes.length} octets`);
        table.push(decoder.frame(batch.bytes, from, length, batch.length[i]!, batch.ts[i]!, batch.link[i]!));
      }
    }
    return 'read';
  } catch (error) {
    if (isNetloopError(error)) return error.code;
    throw error;
  } finally {
    table.flush();
  }
}

/** What went through: octets, and how often each outcome came. */
export interface Storm {
  readonly octets: number;
  readonly outcomes: ReadonlyMap<string, number>;
}

/**
 * Mutated files through the readers: captures in memory, and (`texts`) record files, plain and compressed, from disk.
 * @throws whatever a reader throws that is no coded error, with seed and turn
 */
export async function fileStorm(turns: number, seed: number, seeds: readonly Uint8Array[], kind: 'capture' | 'record'): Promise<Storm> {
  const random = createRandom(seed).fork(`files ${kind}`);
  const outcomes = new Map<string, number>();
  const folder = kind === 'record' ? mkdtempSync(join(tmpdir(), 'netloop-storm-')) : '';
  let octets = 0;
  try {
    for (let turn = 0; turn < turns; turn++) {
      const seedFile = seeds[random.below(seeds.length)]!;
      let content = (kind === 'record' && random.below(4) > 0 ? mutateText : mutateFile)(seedFile, random);
      octets += content.length;
      let outcome: string;
      try {
        if (kind === 'capture') outcome = await survive(openFrames(content));
        else {
          if (random.below(4) === 0) content = mutateFile(gzipSync(content, { level: 1 }), random);
          const file = join(folder, 'storm.txt');
          writeFileSync(file, content);
          outcome = await openSource(file).then(survive, (error) => {
            if (isNetloopError(error)) return error.code;
            throw error;
          });
        }
      } catch (error) {
        throw new Error(`seed ${seed}, turn ${turn}: ${error}`, { cause: error });
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  } finally {
    if (folder) rmSync(folder, { recursive: true });
  }
  return { octets, outcomes };
}
