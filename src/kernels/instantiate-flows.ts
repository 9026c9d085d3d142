import { type FlowKernel, wasm } from './flows.wasm.js';

// TypeScript declares WebAssembly only with the browser's types; this is the part used here.
interface Memory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (limits: { initial: number; maximum: number }) => Memory;
  readonly Instance: new (module: object, imports: { env: { memory: Memory; drain: () => void } }) => { readonly exports: unknown };
};

/** Pages of 64 KiB: 4 GiB, all that 32-bit addresses reach. */
const MOST_PAGES = 65536;
let compiled: object | undefined;

export type { FlowKernel };

/** The memory of one kernel as numbers. It grows with the flows that are open, and then lies elsewhere: ask again after every call. */
export interface FlowMemory {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
}

/** A flow kernel with a memory of its own. It calls `drain` when its rows are full: take them then, and clear them. */
export function instantiateFlows(drain: () => void): { readonly kernel: FlowKernel; readonly memory: () => FlowMemory } {
  compiled ??= new WebAssembly.Module(Buffer.from(wasm, 'base64'));
  const memory = new WebAssembly.Memory({ initial: 32, maximum: MOST_PAGES });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory, drain } });
  let seen: ArrayBuffer | null = null;
  let views!: FlowMemory;
  return {
    kernel: exports as FlowKernel,
    memory() {
      if (memory.buffer !== seen) {
        seen = memory.buffer;
        views = { bytes: new Uint8Array(seen), words: new Uint32Array(seen), floats: new Float64Array(seen) };
      }
      return views;
    },
  };
}
