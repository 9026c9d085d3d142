/** A map with room for so many keys: the one longest untouched is forgotten first, and counted. */
export interface Capped<V> {
  /** The key's value, made by `make` if absent, and now the most recently used. */
  touch(key: string, make: () => V): V;
  /** The key's value without touching it. */
  peek(key: string): V | undefined;
  size(): number;
  forgotten(): number;
}

interface Node<V> {
  readonly key: string;
  readonly value: V;
  older: Node<V> | null;
  newer: Node<V> | null;
}

/** @param capacity keys held at most */
export function createCapped<V>(capacity: number): Capped<V> {
  const map = new Map<string, Node<V>>();
  // The order of use is a list beside the map: moving keys inside a Map leaves holes that make finding its oldest key ever slower.
  let oldest: Node<V> | null = null;
  let newest: Node<V> | null = null;
  let forgotten = 0;

  const unlink = (node: Node<V>): void => {
    if (node.older === null) oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) newest = node.older;
    else node.newer.older = node.older;
  };
  const link = (node: Node<V>): void => {
    node.older = newest;
    node.newer = null;
    if (newest === null) oldest = node;
    else newest.newer = node;
    newest = node;
  };

  return {
    touch(key, make) {
      const known = map.get(key);
      if (known !== undefined) {
        if (known !== newest) {
          unlink(known);
          link(known);
        }
        return known.value;
      }
      if (map.size >= capacity && oldest !== null) {
        map.delete(oldest.key);
        unlink(oldest);
        forgotten++;
      }
      const node: Node<V> = { key, value: make(), older: null, newer: null };
      map.set(key, node);
      link(node);
      return node.value;
    },
    peek: (key) => map.get(key)?.value,
    size: () => map.size,
    forgotten: () => forgotten,
  };
}
