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

/** Texts and fractions that come again and again are written once. */
const REMEMBERED = 16_384;
/** Below this, every multiple of a millionth is a double of its own: its shortest text has at most six decimals. */
const MOST_MICROS = 2 ** 31;

/** @param quote how texts are quoted */
export function createOctets(quote: (text: string) => string): Octets {
  let room = Buffer.allocUnsafeSlow(1 << 16);
  let used = 0;
  const texts = new Map<string, Uint8Array>();
  const fractions = new Map<number, Uint8Array>();

  function need(octets: number): void {
    if (used + octets <= room.length) return;
    const wider = Buffer.allocUnsafeSlow(Math.max(room.length * 2, used + octets));
    room.copy(wider, 0, 0, used);
    room = wider;
  }

  function raw(octets: Uint8Array): void {
    const { length } = octets;
    need(length);
    if (length > 64) room.set(octets, used);
    else for (let i = 0; i < length; i++) room[used + i] = octets[i]!;
    used += length;
  }

  function remembered<K>(known: Map<K, Uint8Array>, key: K, write: (key: K) => string): Uint8Array {
    let octets = known.get(key);
    if (octets === undefined) {
      octets = Buffer.from(write(key));
      if (known.size >= REMEMBERED) known.clear();
      known.set(key, octets);
    }
    return octets;
  }

  /** A whole number below 2^32 in at least `least` digits. */
  function digits(value: number, least: number): void {
    need(10);
    let count = 1;
    for (let power = 10; power <= value; power *= 10) count++;
    if (count < least) count = least;
    let rest = value;
    for (let i = count - 1; i >= 0; i--) {
      const tenth = (rest / 10) >>> 0;
      room[used + i] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    used += count;
  }

  return {
    raw,
    text: (text) => raw(remembered(texts, text, quote)),
    number(value) {
      if (value >>> 0 === value) {
        if (value > 9) return digits(value, 1);
        need(1);
        room[used++] = 48 + value;
        return;
      }
      const micros = Math.round(value * 1e6);
      if (!(value >= 1e-6 && value < MOST_MICROS) || micros / 1e6 !== value) return raw(remembered(fractions, value, String));
      const whole = Math.floor(micros / 1e6);
      digits(whole, 1);
      need(1);
      room[used++] = 46;
      digits(micros - whole * 1e6, 6);
      while (room[used - 1] === 48) used--;
    },
    length: () => used,
    take() {
      const taken = Uint8Array.prototype.slice.call(room, 0, used);
      used = 0;
      return taken;
    },
  };
}
