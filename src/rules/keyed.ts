/**
 * A table with room for so many keys: the one longest untouched is forgotten first, and counted. A key is what rules tell traffic apart by:
 * one or two addresses, a protocol, a port and a VLAN; what a rule does not look at is '' or 0.
 */
export interface Keyed<V> {
  /** The key's value, which is now the most recently used. */
  touch(a: string, b: string, proto: string, port: number, vlan: number | null): V | undefined;
  /** The key's value without touching it. */
  peek(a: string, b: string, proto: string, port: number, vlan: number | null): V | undefined;
  /** Gives the key that was asked for last, and not found, a value, and makes it the most recently used; answers the value. */
  put(value: V): V;
  size(): number;
  forgotten(): number;
}

/** Entries at first. */
const FEW = 64;

/**
 * Open addressing in typed arrays, and the order of use as a list through them: nothing is allocated to look something up. (A Map would
 * need the key as one text, put together for every attempt and every rule.)
 * @param most keys held at most
 * @param steps a search may take before the table takes another hash; results do not depend on it
 */
export function createKeyed<V>(most: number, steps = 64): Keyed<V> {
  const capacity = Math.max(1, most);
  let factor = 0x6e65746d;
  let room = Math.min(FEW, capacity);
  /** Where a hash leads: the number of an entry, 0 for nothing. Entries are counted from 1. */
  let places = new Int32Array(FEW * 4);
  let hashes = new Int32Array(room + 1);
  let ports = new Int32Array(room + 1);
  let vlans = new Int32Array(room + 1);
  /** Neighbours in the order of use; 0 is before the oldest and behind the newest. */
  let older = new Int32Array(room + 1);
  let newer = new Int32Array(room + 1);
  const as: string[] = [''];
  const bs: string[] = [''];
  const protos: string[] = [''];
  const values: (V | undefined)[] = [undefined];
  let size = 0;
  let forgotten = 0;
  const asked = { a: '', b: '', proto: '', port: 0, vlan: 0, hash: 0 };

  function mix(hash: number, text: string): number {
    let h = hash;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), factor);
    return h ^ (h >>> 15);
  }

  const unlink = (entry: number): void => {
    newer[older[entry]!] = newer[entry]!;
    older[newer[entry]!] = older[entry]!;
  };
  const link = (entry: number): void => {
    const newest = older[0]!;
    older[entry] = newest;
    newer[entry] = 0;
    newer[newest] = entry;
    older[0] = entry;
  };

  function hashOf(a: string, b: string, proto: string, port: number, vlan: number): number {
    const start = Math.imul(factor ^ port, factor) ^ Math.imul(vlan, 0x85ebca6b);
    const hash = Math.imul(mix(mix(mix(start, a), b), proto), 0x21f0aaad);
    return hash ^ (hash >>> 15);
  }

  function find(a: string, b: string, proto: string, portGiven: number, lan: number | null): number {
    const port = portGiven | 0;
    const vlan = lan ?? -1;
    const hash = hashOf(a, b, proto, port, vlan);
    const mask = places.length - 1;
    let place = hash & mask;
    for (let entry = places[place]!; entry !== 0; entry = places[place]!) {
      const same = hashes[entry] === hash && ports[entry] === port && vlans[entry] === vlan;
      if (same && as[entry] === a && bs[entry] === b && protos[entry] === proto) return entry;
      place = (place + 1) & mask;
    }
    const crowded = ((place - hash) & mask) > steps;
    if (crowded) hashAnew();
    asked.a = a;
    asked.b = b;
    asked.proto = proto;
    asked.port = port;
    asked.vlan = vlan;
    asked.hash = crowded ? hashOf(a, b, proto, port, vlan) : hash;
    return 0;
  }

  /** Somebody may have chosen keys that want the same place: under another hash they do not. */
  function hashAnew(): void {
    factor = (Math.imul(factor, 0x9e3779b1) + 0x6e65746c) | 1;
    places.fill(0);
    for (let entry = 1; entry <= size; entry++) {
      hashes[entry] = hashOf(as[entry]!, bs[entry]!, protos[entry]!, ports[entry]!, vlans[entry]!);
      seat(entry);
    }
  }

  function seat(entry: number): void {
    const mask = places.length - 1;
    let place = hashes[entry]! & mask;
    while (places[place] !== 0) place = (place + 1) & mask;
    places[place] = entry;
  }

  /** Takes an entry's place away, and moves up those that it kept from theirs. */
  function unseat(entry: number): void {
    const mask = places.length - 1;
    let hole = hashes[entry]! & mask;
    while (places[hole] !== entry) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; places[place] !== 0; place = (place + 1) & mask) {
      const home = hashes[places[place]!]! & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      places[hole] = places[place]!;
      hole = place;
    }
    places[hole] = 0;
  }

  function grow(): void {
    room = Math.min(room * 2, capacity);
    const wider = (column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const copy = new Int32Array(room + 1);
      copy.set(column);
      return copy;
    };
    [hashes, ports, vlans, older, newer] = [wider(hashes), wider(ports), wider(vlans), wider(older), wider(newer)];
    if (places.length < room * 4) places = new Int32Array(places.length * 2);
    else places.fill(0);
    for (let entry = 1; entry <= size; entry++) seat(entry);
  }

  return {
    touch(a, b, proto, port, vlan) {
      const entry = find(a, b, proto, port, vlan);
      if (entry === 0) return undefined;
      if (entry !== older[0]) {
        unlink(entry);
        link(entry);
      }
      return values[entry];
    },
    peek(a, b, proto, port, vlan) {
      const entry = find(a, b, proto, port, vlan);
      return entry === 0 ? undefined : values[entry];
    },
    put(value) {
      let entry = size + 1;
      if (size === capacity) {
        entry = newer[0]!;
        unseat(entry);
        unlink(entry);
        forgotten++;
      } else {
        if (size === room) grow();
        size++;
      }
      hashes[entry] = asked.hash;
      ports[entry] = asked.port;
      vlans[entry] = asked.vlan;
      as[entry] = asked.a;
      bs[entry] = asked.b;
      protos[entry] = asked.proto;
      values[entry] = value;
      seat(entry);
      link(entry);
      return value;
    },
    size: () => size,
    forgotten: () => forgotten,
  };
}
