import type { ByteStream } from './compressed.js';

/** One line of a text file, without its end. */
export interface Line {
  readonly text: string;
  /** From 1, as editors count. */
  readonly row: number;
  /** Where the line begins in the (decompressed) content. */
  readonly byte: number;
  /** Longer than `maxLine`: `text` is only its beginning, and never a record. */
  readonly tooLong: boolean;
}

/**
 * The lines of a byte stream, a piece of the file at a time, in constant memory. LF and CRLF end a line; a byte order mark is dropped;
 * bytes that are not UTF-8 become U+FFFD. A content that breaks off with an error loses the line that was cut, never one before it.
 * @param maxLine bytes of a line that are kept; what is longer is marked and its rest passed over
 * @example for await (const lines of readLines(await openBytes('conn.log.gz'))) for (const { text, row } of lines) …
 */
export async function* readLines(stream: ByteStream, { maxLine = 1 << 20 } = {}): AsyncGenerator<Line[]> {
  let row = 0;
  let byte = 0;
  let rest: Buffer = Buffer.alloc(0);
  let dropped = 0;
  const line = (content: Buffer, from: number, to: number): Line => {
    const start = row === 0 && content[from] === 0xef && content[from + 1] === 0xbb && content[from + 2] === 0xbf ? from + 3 : from;
    const end = to > start && content[to - 1] === 13 ? to - 1 : to;
    const text = content.toString('utf8', start, Math.min(end, start + maxLine));
    const made = { text, row: ++row, byte, tooLong: dropped + to - from > maxLine };
    byte += dropped + to - from + 1;
    dropped = 0;
    return made;
  };
  for await (const chunk of stream.chunks) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const content = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    const lines: Line[] = [];
    let from = 0;
    for (let to = content.indexOf(10, rest.length); to >= 0; to = content.indexOf(10, from)) {
      lines.push(line(content, from, to));
      from = to + 1;
    }
    rest = content.subarray(from);
    if (rest.length > maxLine) {
      dropped += rest.length - maxLine;
      rest = rest.subarray(0, maxLine);
    }
    yield lines;
  }
  if (rest.length > 0) yield [line(rest, 0, rest.length)];
}
