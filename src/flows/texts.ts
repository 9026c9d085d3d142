/** Places for texts. Two addresses may want the same place: the later takes it, which costs time and nothing else. */
const PLACES = 1 << 12;

/** Gives the text of four 32-bit words, and the very same string while it is remembered. Memory is bounded. */
export function createTexts(
  make: (a: number, b: number, c: number, d: number) => string,
): (a: number, b: number, c: number, d: number) => string {
  const words = new Int32Array(PLACES * 4);
  const texts: (string | undefined)[] = new Array(PLACES).fill(undefined);

  return (a, b, c, d) => {
    let hash = Math.imul(d ^ Math.imul(c ^ Math.imul(b ^ Math.imul(a, 0x9e3779b1), 0x85ebca6b), 0xc2b2ae35), 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    const place = (hash ^ (hash >>> 13)) & (PLACES - 1);
    const w = place * 4;
    let text = texts[place];
    if (text !== undefined && words[w + 3] === (d | 0) && words[w + 2] === (c | 0) && words[w + 1] === (b | 0) && words[w] === (a | 0)) {
      return text;
    }
    text = make(a >>> 0, b >>> 0, c >>> 0, d >>> 0);
    words[w] = a;
    words[w + 1] = b;
    words[w + 2] = c;
    words[w + 3] = d;
    texts[place] = text;
    return text;
  };
}
