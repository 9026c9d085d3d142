import { type NetworkKernels, wasm } from './network.wasm.js';

/** WebAssembly memory. A thread that is sent a shared one sees the same bytes. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}
// TypeScript declares WebAssembly only with the browser's types; this is the part used here.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => KernelMemory;
  readonly Instance: new (module: object, imports: { env: { memory: KernelMemory } }) => { readonly exports: unknown };
};

const PAGE = 65536;
const compiled: { shared?: object; unshared?: object } = {};

/** Kernels and the memory they work on, which never grows: it is exactly as large as was asked, and freed with the last reference to it. */
export interface KernelInstance {
  readonly kernels: NetworkKernels;
  readonly memory: KernelMemory;
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/**
 * Compiles once a thread (about 1 ms) and instantiates synchronously (about 0.1 ms). The kernels have no state of their own.
 * @param memory how many bytes of zeroed memory at least, or the shared memory of another thread's kernels
 * @param shared whether other threads may join; else the garbage collector, which sees unshared memory alone, frees it sooner
 */
export function instantiateKernels(memory: number | KernelMemory, shared = typeof memory !== 'number'): KernelInstance {
  const own = typeof memory === 'number' ? createMemory(memory, shared) : memory;
  const instance = new WebAssembly.Instance(compile(shared), { env: { memory: own } });
  return { kernels: instance.exports as NetworkKernels, memory: own, buffer: own.buffer };
}

function createMemory(bytes: number, shared: boolean): KernelMemory {
  const pages = Math.ceil(bytes / PAGE) + 1; // the first page is the module's own
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
}

/** The module wants shared memory. Its twin for unshared memory has the same code: one flag of its import differs (1 instead of 3). */
function compile(shared: boolean): object {
  if (shared) {
    compiled.shared ??= new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    return compiled.shared;
  }
  if (!compiled.unshared) {
    const bytes = Buffer.from(wasm, 'base64');
    const memoryImport = '\x03env\x06memory\x02';
    bytes[bytes.indexOf(memoryImport) + memoryImport.length] = 1;
    compiled.unshared = new WebAssembly.Module(bytes);
  }
  return compiled.unshared;
}

/** Where a caller's arrays may begin: after the module's own page. */
export const FIRST_BYTE = PAGE;

export { kernelHash } from './network.wasm.js';
