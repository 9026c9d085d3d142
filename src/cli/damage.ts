import type { CaptureLoss } from '../assemble.js';
import { NetloopError } from '../errors.js';
import type { Source } from '../source.js';

/** How often something could not be used, by kind. */
export type Tally = Readonly<Record<string, number>>;

/** What the sources could not read, all together. */
export function damageOf(sources: readonly Source[]): Tally {
  const tally: Record<string, number> = {};
  for (const { kind, count } of sources.flatMap((source) => source.damage())) tally[kind] = (tally[kind] ?? 0) + count;
  return tally;
}

/** Packets that give no flow of their own and are used all the same: rules watch ARP, fragments become datagrams. */
const used = ['arp', 'fragment joined'];

/** Prints what could not be used, by kind, to standard error. */
export function reportDamage(ignored: Tally): void {
  const kinds = Object.entries(ignored).filter(([kind, n]) => n > 0 && !used.includes(kind));
  if (kinds.length === 0) return;
  process.stderr.write(`not used: ${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')}\n`);
  if (kinds.some(([kind]) => kind.endsWith(' checksum'))) {
    process.stderr.write('wrong checksums are usual where the capturing host sent the packets itself: --checksums ignore takes them\n');
  }
}

/** Prints what the capture missed, by TCP's own word, to standard error; nothing where nothing was missed. */
export function reportLoss({ acks, gaps }: CaptureLoss): void {
  if (gaps === 0) return;
  const percent = ((100 * gaps) / acks).toPrecision(2);
  process.stderr.write(`capture loss about ${percent} %: ${gaps} of ${acks} acknowledgements are of octets that were never captured\n`);
}

/**
 * A capture of which not one packet could be decoded is no traffic.
 * @throws NL_FILE_FORMAT that says why
 */
export function refuseUndecodable(files: readonly string[], flows: number, ignored: Tally): void {
  const kinds = Object.entries(ignored).filter(([, n]) => n > 0);
  if (flows > 0 || kinds.length === 0 || !kinds.every(([kind]) => /^(link type|malformed) /.test(kind))) return;
  const names = files.join(', ');
  const why = kinds.map(([kind, n]) => `${n} ${kind}`).join(', ');
  throw new NetloopError(
    'NL_FILE_FORMAT',
    `${names}: no packet can be decoded (${why}); capture on a link that netloop knows, or convert the file`,
    { where: { file: names } },
  );
}
