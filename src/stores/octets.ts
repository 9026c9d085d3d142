/** Text that is put together as octets, so that a line leaves no strings behind. */
export interface Octets {
  /** As it is. */
  raw(octets: Uint8Array): void;
  /** Quoted. */
  text(text: string): void;
  /** As JavaScript writes it. */
  number(value: number): void;
  length(): number;
  /** A copy of all so far; begins anew. */
  take(): Uint8Array;
}

/** Fractions that come again and again are written once: places for them, and octets of the longest, -2.2250738585072014e-308. */
const PLACES = 1 << 13;
const LONGEST = 24;
/** Below this, every multiple of a millionth is a double of its own: its shortest text has at most six decimals. */
const MOST_MICROS = 2 ** 31;
/** Texts up to this many characters are looked at one by one. */
const SHORT = 64;
const ZERO = 48;
const POINT = 46;

/** @param quote how texts are quoted: character by character, between what it makes of nothing */
export function createOctets(quote: (text: string) => string): Octets {
  let room = new Uint8Array(1 << 16);
  let used = 0;
  const tens = Uint8Array.from({ length: 100 }, (_, i) => ZERO + Math.floor(i / 10));
  const ones = Uint8Array.from({ length: 100 }, (_, i) => ZERO + (i % 10));
  const nothing = quote('');
  const open = nothing.slice(0, nothing.length / 2);
  const close = nothing.slice(nothing.length / 2);
  /** Characters that are written as they are. */
  const plain = Uint8Array.from({ length: 128 }, (_, i) =>
    quote(String.fromCharCode(i)) === open + String.fromCharCode(i) + close ? 1 : 0,
  );
  const [before, after] = [Buffer.from(open), Buffer.from(close)];

  const known = new Float64Array(PLACES);
  const knownOctets = new Uint8Array(PLACES * LONGEST);
  const knownLength = new Uint8Array(PLACES);
  const bits = new Float64Array(1);
  const halves = new Int32Array(bits.buffer);

  function need(octets: number): void {
    if (used + octets <= room.length) return;
    const wider = new Uint8Array(Math.max(room.length * 2, used + octets));
    wider.set(room.subarray(0, used));
    room = wider;
  }

  function raw(octets: Uint8Array): void {
    const { length } = octets;
    need(length);
    if (length > SHORT) room.set(octets, used);
    else for (let i = 0; i < length; i++) room[used + i] = octets[i]!;
    used += length;
  }

  function text(text: string): void {
    const { length } = text;
    const start = used;
    raw(before);
    need(SHORT);
    let at = used;
    let isPlain = length <= SHORT;
    for (let i = 0; isPlain && i < length; i++) {
      const c = text.charCodeAt(i);
      isPlain = c < 128 && plain[c] === 1;
      room[at++] = c;
    }
    used = isPlain ? at : start;
    raw(isPlain ? after : Buffer.from(quote(text)));
  }

  /** A whole number below 2^32 in at least `least` digits; there must be room. */
  function digits(value: number, least: 1 | 6): void {
    let count: number = least;
    for (let power = least === 1 ? 10 : 1e6; power <= value; power *= 10) count++;
    let at = used + count;
    let rest = value >>> 0;
    while (rest > 99) {
      const hundreds = (rest / 100) >>> 0;
      const two = rest - hundreds * 100;
      at -= 2;
      room[at] = tens[two]!;
      room[at + 1] = ones[two]!;
      rest = hundreds;
    }
    room[--at] = ones[rest]!;
    if (rest > 9) room[--at] = tens[rest]!;
    while (at > used) room[--at] = ZERO;
    used += count;
  }

  /** What has no short way. */
  function fraction(value: number): void {
    bits[0] = value;
    const hash = Math.imul(halves[0]! ^ Math.imul(halves[1]!, 0x9e3779b1), 0x85ebca6b);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const from = place * LONGEST;
    if (known[place] !== value) {
      const octets = Buffer.from(String(value));
      known[place] = value;
      knownOctets.set(octets, from);
      knownLength[place] = octets.length;
    }
    const length = knownLength[place]!;
    for (let i = 0; i < length; i++) room[used + i] = knownOctets[from + i]!;
    used += length;
  }

  function number(value: number): void {
    need(LONGEST);
    if (value >>> 0 === value) {
      if (value > 9) digits(value, 1);
      else room[used++] = ZERO + value;
      return;
    }
    const micros = Math.round(value * 1e6);
    if (!(value >= 1e-6 && value < MOST_MICROS) || micros / 1e6 !== value) {
      fraction(value);
      return;
    }
    const whole = Math.floor(micros / 1e6);
    digits(whole, 1);
    room[used++] = POINT;
    digits(micros - whole * 1e6, 6);
    while (room[used - 1] === ZERO) used--;
  }

  return {
    raw,
    text,
    number,
    length: () => used,
    take() {
      const taken = room.slice(0, used);
      used = 0;
      return taken;
    },
  };
}
