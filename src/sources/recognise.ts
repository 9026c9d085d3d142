import { basename } from 'node:path';
import { isNetloopError, NetloopError } from '../errors.js';
import { isBinetflowHeader } from './binetflow.js';
import { openBytes } from './compressed.js';
import { isKddRow } from './nsl-kdd.js';
import { pcapFlavour } from './pcap.js';
import { isUnswRow } from './unsw.js';

export const sourceKinds = ['capture', 'zeek', 'binetflow', 'kdd', 'unsw'] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** For people. */
export const kindNames: Readonly<Record<SourceKind, string>> = {
  capture: 'a packet capture (pcap or pcapng)',
  zeek: 'a Zeek conn.log',
  binetflow: 'Argus binetflow',
  kdd: 'NSL-KDD or KDD-99 rows',
  unsw: 'UNSW-NB15 rows',
};

/** So many bytes of content are looked at. */
const HEAD = 64 * 1024;

async function headOf(path: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = await openBytes(path);
  if (stream.total === null) {
    await stream.close();
    const message = `${path}: not a file but a pipe or device, which can be read only once; a capture may come from standard input: -`;
    throw new NetloopError('NL_FILE_FORMAT', message, { where: { file: path } });
  }
  try {
    for await (const chunk of stream.chunks) {
      parts.push(chunk);
      size += chunk.length;
      if (size >= HEAD) break;
    }
  } catch (error) {
    // What came before the damage may be enough to tell; reading will report the damage again.
    if (!isNetloopError(error) || error.code !== 'NL_FILE_CORRUPT' || size === 0) throw error;
  }
  return Buffer.concat(parts).subarray(0, HEAD);
}

/** What kind of traffic the first bytes of a content are; null for none that netloop reads. */
export function kindOf(head: Uint8Array): SourceKind | null {
  if (pcapFlavour(head) !== null) return 'capture';
  if (head.length >= 4 && head[0] === 0x0a && head[1] === 0x0d && head[2] === 0x0d && head[3] === 0x0a) return 'capture';
  const lines = linesOf(head);
  if (lines.some((line) => line.startsWith('#fields') && line.includes('id.orig_h'))) return 'zeek';
  const first = lines[0] ?? '';
  if (first.startsWith('{') && first.includes('"id.orig_h"')) return 'zeek';
  if (isBinetflowHeader(first)) return 'binetflow';
  if (isKddRow(first)) return 'kdd';
  return isUnswRow(first) ? 'unsw' : null;
}

const linesOf = (head: Uint8Array): string[] =>
  Buffer.from(head)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, 64);

const magics: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a zip archive; unpack it first'],
  ['PAR1', 'a Parquet file'],
  ['ARROW1', 'an Arrow file'],
  ['%PDF', 'a PDF document'],
  ['\x7fELF', 'a program'],
  ['SQLite format 3', 'an SQLite database'],
  ['BZh', 'bzip2, which is not read; unpack it first'],
  ['7z\xbc\xaf', 'a 7-Zip archive; unpack it first'],
  ['\x89HDF', 'an HDF5 file'],
];

/** For the message: what a content that is none of ours seems to be. */
export function guessOf(head: Uint8Array): string {
  const start = Buffer.from(head.subarray(0, 16)).toString('latin1');
  const magic = magics.find(([bytes]) => start.startsWith(bytes));
  if (magic) return magic[1];
  if (Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar') return 'a tar archive; unpack it first';
  if (head.includes(0)) return 'binary data of an unknown kind';
  const lines = linesOf(head);
  const zeekPath = lines.find((line) => line.startsWith('#path'))?.slice(6);
  if (zeekPath === 'conn') return "Zeek's conn.log without its #fields line, so nobody can tell the columns";
  if (zeekPath) return `Zeek's ${zeekPath}.log; only conn.log holds flows`;
  const first = lines[0] ?? '';
  if (lines.every((line) => line.trim() === '')) return 'nothing but empty lines';
  if (/^\s*<(!doctype|html|\?xml)/i.test(first)) return 'a web page or XML (a download that failed?)';
  if (first.startsWith('{') || first.startsWith('[')) return 'JSON without the fields of conn.log';
  if (first.startsWith('version https://git-lfs')) return 'a Git LFS pointer; fetch the file itself';
  return `text that begins with "${first.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')}"`;
}

/** Endings that promise one kind. A `.log`, `.csv` or `.txt` may be any of the text kinds. */
const promises: Readonly<Record<string, readonly SourceKind[]>> = {
  pcap: ['capture'],
  pcapng: ['capture'],
  cap: ['capture'],
  binetflow: ['binetflow'],
  log: ['zeek', 'binetflow', 'kdd', 'unsw'],
  csv: ['zeek', 'binetflow', 'kdd', 'unsw'],
  json: ['zeek'],
};

/**
 * What kind of traffic a file holds, by its content; its name must not promise another.
 * @throws NL_FILE_FORMAT that says what the file seems to be, NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_CORRUPT
 */
export async function recogniseFile(path: string): Promise<SourceKind> {
  const head = await headOf(path);
  const kind = kindOf(head);
  const where = { where: { file: path, byte: 0 } };
  if (kind === null) {
    const message = `${path}: not a kind that netloop reads: it seems to be ${guessOf(head)}. Read are ${Object.values(kindNames).join(', ')}`;
    throw new NetloopError('NL_FILE_FORMAT', message, where);
  }
  const ending = basename(path)
    .replace(/\.(gz|xz|zst)$/i, '')
    .split('.')
    .at(-1)!
    .toLowerCase();
  if (promises[ending]?.includes(kind) === false) {
    const message = `${path}: the name says .${ending}, but the content is ${kindNames[kind]}; rename it, or say kind '${kind}'`;
    throw new NetloopError('NL_FILE_FORMAT', message, where);
  }
  return kind;
}
