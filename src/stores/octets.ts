import type { Cells } from '../features/record.js';

/** Text that is put together as octets, so that a line leaves no strings behind. */
export interface Octets {
  /** As it is. */
  raw(octets: Uint8Array): void;
  /** Quoted. */
  text(text: string): void;
  /** As JavaScript writes it. */
  number(value: number): void;
  /** One cell for each of the layout's heads. */
  line(layout: LineLayout, cells: Cells): void;
  length(): number;
  /** A copy of all so far; begins anew. */
  take(): Uint8Array;
}

/** How cells become a line. */
export interface LineLayout {
  /** What stands before each cell; nothing longer than 64 octets. */
  readonly heads: readonly Uint8Array[];
  /** 1 where a cell is text. */
  readonly isText: Uint8Array;
  /** What stands for a missing number, and behind the last cell. */
  readonly missing: Uint8Array;
  readonly end: Uint8Array;
  /** Whether a number that is not finite counts as missing. */
  readonly finite: boolean;
}

/** Fractions that come again and again are put into words once: places for them, and octets kept of one. */
const PLACES = 1 << 16;
const LONGEST = 23;
/** Octets of a head, or of a number, at most. */
const CELL = 64;
/** Octets for each of a text's 16-bit units at most, as JSON writes '\u0000'. */
const UNIT = 6;
/** Below this, every multiple of a millionth is a double of its own: its shortest text has at most six decimals. */
const MOST_MICROS = 2 ** 31;
const ZERO = 48;
const POINT = 46;

const tens = Uint8Array.from({ length: 100 }, (_, i) => ZERO + Math.floor(i / 10));
const ones = Uint8Array.from({ length: 100 }, (_, i) => ZERO + (i % 10));

/** The octets of the numbers below a thousand, four at a time. */
const small = Int32Array.from({ length: 1000 }, (_, i) => Buffer.from(`${i}   `).readInt32LE());

/** Writes a whole number below 2^32 so that it ends before `end`, with zeros in front down to `from`. */
function putDigits(out: Uint8Array, from: number, end: number, value: number): void {
  let at = end;
  let rest = value >>> 0;
  while (rest > 99) {
    const hundreds = (rest / 100) >>> 0;
    const two = rest - hundreds * 100;
    out[--at] = ones[two]!;
    out[--at] = tens[two]!;
    rest = hundreds;
  }
  out[--at] = ones[rest]!;
  if (rest > 9) out[--at] = tens[rest]!;
  while (at > from) out[--at] = ZERO;
}

function putWhole(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = ZERO + value;
    return at + 1;
  }
  let end = at + 2;
  for (let power = 100; power <= value; power *= 10) end++;
  putDigits(out, at, end, value);
  return end;
}

function putOctets(out: Uint8Array, start: number, octets: Uint8Array): number {
  let at = start;
  for (let i = 0; i < octets.length; i++) out[at++] = octets[i]!;
  return at;
}

/** @param quote how texts are quoted: character by character, between what it makes of nothing */
export function createOctets(quote: (text: string) => string): Octets {
  let room = new Uint8Array(1 << 16);
  let wide = new DataView(room.buffer);
  let used = 0;
  const nothing = quote('');
  const open = nothing.slice(0, nothing.length / 2);
  const close = nothing.slice(nothing.length / 2);
  /** Characters that are written as they are. */
  const plain = Uint8Array.from({ length: 128 }, (_, i) =>
    quote(String.fromCharCode(i)) === open + String.fromCharCode(i) + close ? 1 : 0,
  );
  const [before, after] = [Buffer.from(open), Buffer.from(close)];

  // A place is a fraction, its octets and how many: 32 in all, side by side as memory is read.
  const known = new Float64Array(PLACES * 4);
  const knownOctets = new Uint8Array(known.buffer);
  const knownWords = new Int32Array(known.buffer);
  const bits = new Float64Array(1);
  const halves = new Int32Array(bits.buffer);

  function need(octets: number): void {
    if (used + octets <= room.length) return;
    const wider = new Uint8Array(Math.max(room.length * 2, used + octets));
    wider.set(room.subarray(0, used));
    room = wider;
    wide = new DataView(room.buffer);
  }

  function putText(out: Uint8Array, start: number, text: string): number {
    let at = putOctets(out, start, before);
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c > 127 || plain[c] === 0) {
        const octets = Buffer.from(quote(text));
        out.set(octets, start);
        return start + octets.length;
      }
      out[at++] = c;
    }
    return putOctets(out, at, after);
  }

  /** What has no short way. */
  function putFraction(start: number, value: number): number {
    bits[0] = value;
    const hash = Math.imul(halves[0]! ^ Math.imul(halves[1]!, 0x9e3779b1), 0x85ebca6b);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    if (known[place * 4] !== value) {
      const text = String(value);
      if (text.length > LONGEST) return putOctets(room, start, Buffer.from(text));
      for (let i = 0; i < text.length; i++) knownOctets[place * 32 + 8 + i] = text.charCodeAt(i);
      known[place * 4] = value;
      knownOctets[place * 32 + 31] = text.length;
    }
    const from = place * 8 + 2;
    for (let i = 0; i < 6; i++) wide.setInt32(start + i * 4, knownWords[from + i]!, true);
    return start + knownOctets[place * 32 + 31]!;
  }

  function putNumber(out: Uint8Array, start: number, value: number): number {
    const whole32 = value >>> 0;
    if (whole32 === value) {
      if (whole32 > 999) return putWhole(out, start, whole32);
      wide.setInt32(start, small[whole32]!, true);
      return start + (whole32 < 10 ? 1 : whole32 < 100 ? 2 : 3);
    }
    const micros = Math.round(value * 1e6);
    if (!(value >= 1e-6 && value < MOST_MICROS) || micros / 1e6 !== value) return putFraction(start, value);
    const whole = Math.floor(micros / 1e6);
    const point = putWhole(out, start, whole);
    out[point] = POINT;
    let end = point + 7;
    putDigits(out, point + 1, end, micros - whole * 1e6);
    while (out[end - 1] === ZERO) end--;
    return end;
  }

  return {
    raw(octets) {
      need(octets.length);
      room.set(octets, used);
      used += octets.length;
    },
    text(text) {
      need(UNIT * text.length + CELL);
      used = putText(room, used, text);
    },
    number(value) {
      need(CELL);
      used = putNumber(room, used, value);
    },
    line({ heads, isText, missing, end, finite }, cells) {
      const { texts, numbers, missing: isMissing } = cells;
      let most = (2 * heads.length + 1) * CELL;
      for (let i = 0; i < heads.length; i++) if (isText[i] === 1) most += UNIT * texts[i]!.length;
      need(most);
      const out = room;
      let at = used;
      for (let i = 0; i < heads.length; i++) {
        const head = heads[i]!;
        if (head.length === 1) out[at++] = head[0]!;
        else at = putOctets(out, at, head);
        if (isText[i] === 1) {
          at = putText(out, at, texts[i]!);
          continue;
        }
        const value = numbers[i]!;
        at = isMissing[i] === 1 || (finite && !Number.isFinite(value)) ? putOctets(out, at, missing) : putNumber(out, at, value);
      }
      used = putOctets(out, at, end);
    },
    length: () => used,
    take() {
      const taken = room.slice(0, used);
      used = 0;
      return taken;
    },
  };
}
