/** A flow by its number in its table, or in words where nobody numbered it. */
export type Key = number | string;

/** What is followed under keys of which nearly all are numbers given one after the other. */
export interface Numbered<V> {
  get(key: Key): V | undefined;
  /** A value under its key; what was there under the same key is there no more. */
  set(value: V): void;
  /** Takes this value away, if it is still the one under its key. */
  delete(value: V): void;
  size(): number;
}

/**
 * Numbers lead straight to their places, neighbours side by side. Where two numbers want one place the later has it, and the earlier moves
 * to a map, where words are too.
 * @param least well above the numbers between the first and the last that are followed at once
 */
export function createNumbered<V extends { readonly key: Key }>(least: number): Numbered<V> {
  let places = 1;
  while (places < least) places *= 2;
  let direct: (V | undefined)[] = [];
  const others = new Map<Key, V>();
  const mask = places - 1;
  let inPlace = 0;

  return {
    get(key) {
      if (typeof key === 'number') {
        const value = direct[key & mask];
        if (value !== undefined && value.key === key) return value;
      }
      return others.size === 0 ? undefined : others.get(key);
    },
    set(value) {
      const { key } = value;
      if (typeof key !== 'number') {
        others.set(key, value);
        return;
      }
      if (direct.length === 0) direct = new Array<V | undefined>(places).fill(undefined);
      const before = direct[key & mask];
      if (before === undefined) inPlace++;
      else if (before.key !== key) others.set(before.key, before);
      others.delete(key);
      direct[key & mask] = value;
    },
    delete(value) {
      const { key } = value;
      if (typeof key === 'number' && direct[key & mask] === value) {
        direct[key & mask] = undefined;
        inPlace--;
      } else if (others.get(key) === value) others.delete(key);
    },
    size: () => inPlace + others.size,
  };
}
