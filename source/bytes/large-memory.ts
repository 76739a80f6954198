/**
 * Memory for large tables that come and go. That of an ArrayBuffer comes from the C library, and once a large one was freed, glibc takes
 * all of that size or less from what it keeps for itself (mallopt(3): M_MMAP_THRESHOLD), and hardly gives it back: tens of megabytes that
 * nobody uses. WebAssembly's comes from the system, and goes back to it.
 */

/** What @types/node leaves to the DOM's types. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

const WASM_PAGE = 64 * 1024;
/** Bytes from which on it matters. */
const LARGE = 1024 * 1024;

/** So many bytes or some more, all zero. Not to be transferred to another thread. */
export function largeMemory(bytes: number): ArrayBuffer {
  if (bytes >= LARGE) {
    const pages = Math.ceil(bytes / WASM_PAGE);
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
    } catch {
      // An address space limit, or --jitless.
    }
  }
  return new ArrayBuffer(bytes);
}
