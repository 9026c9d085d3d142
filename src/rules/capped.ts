/** A map with room for so many keys: the one longest untouched is forgotten first, and counted. */
export interface Capped<V> {
  /** The key's value, made by `make` if absent, and now the most recently used. */
  touch(key: string, make: () => V): V;
  /** The key's value without touching it. */
  peek(key: string): V | undefined;
  delete(key: string): void;
  size(): number;
  forgotten(): number;
}

/** @param capacity keys held at most */
export function createCapped<V>(capacity: number): Capped<V> {
  const map = new Map<string, V>();
  let newest: string | undefined;
  let forgotten = 0;
  return {
    touch(key, make) {
      let value = map.get(key);
      if (value !== undefined) {
        if (key !== newest) {
          map.delete(key);
          map.set(key, value);
          newest = key;
        }
        return value;
      }
      if (map.size >= capacity) {
        map.delete(map.keys().next().value as string);
        forgotten++;
      }
      value = make();
      map.set(key, value);
      newest = key;
      return value;
    },
    peek: (key) => map.get(key),
    delete: (key) => {
      map.delete(key);
    },
    size: () => map.size,
    forgotten: () => forgotten,
  };
}
