/** Histories known at most; beyond, texts are made anew. */
const MOST = 4096;
/** Letters are told apart by their lower six bits: A-Z, a-z and ^ differ in them. */
const LETTERS = 64;

/** Reads histories from octets. The same letters give the same text, found by a walk along a tree of letters: nearly all flows share a few. */
export function createHistories(): (bytes: Uint8Array, at: number, letters: number) => string {
  const next = new Uint16Array(MOST * LETTERS);
  const texts: string[] = [''];

  function make(bytes: Uint8Array, at: number, letters: number): string {
    let text = '';
    for (let i = 0; i < letters; i++) text += String.fromCharCode(bytes[at + i]!);
    return text;
  }

  return (bytes, at, letters) => {
    let node = 0;
    for (let i = 0; i < letters; i++) {
      const edge = node * LETTERS + (bytes[at + i]! & (LETTERS - 1));
      node = next[edge]!;
      if (node !== 0) continue;
      if (texts.length === MOST) return make(bytes, at, letters);
      node = texts.push(make(bytes, at, i + 1)) - 1;
      next[edge] = node;
    }
    return texts[node]!;
  };
}
