import type { Kernel } from './kernel.ts';
import { KERNEL_WASM_BASE64 } from './wasm-bytes.ts';

const PAGE_BYTES = 65_536;
const bytes = Buffer.from(KERNEL_WASM_BASE64, 'base64');

// The types of WebAssembly come with the browser's library, which would also let `window` compile; this is all we use of it.
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports };
}

const api: WebAssemblyApi | undefined = Reflect.get(globalThis, 'WebAssembly');

// Compiled once per thread; instances differ only in their memory.
let compiled: object | undefined;

// The exports of assembly/kernel.ts.
interface KernelExports {
  gemm(...args: readonly number[]): void;
  im2col(...args: readonly number[]): void;
  col2im(...args: readonly number[]): void;
  adam(...args: readonly number[]): void;
  sgd(...args: readonly number[]): void;
}

/** Whether this Node can run the compiled kernel (WebAssembly with SIMD). */
export function wasmSimdSupported(): boolean {
  return api?.validate(bytes) ?? false;
}

/**
 * Creates the WebAssembly kernel with `floats` floats of heap.
 *
 * @throws RangeError when the memory cannot be allocated; TypeError without WebAssembly.
 */
export function createWasmKernel(floats: number): Kernel {
  if (api === undefined) throw new TypeError('WebAssembly is not available');
  compiled ??= new api.Module(bytes);
  // Never grown: growing would detach `heap`.
  const memory = new api.Memory({ initial: Math.max(1, Math.ceil((floats * 4) / PAGE_BYTES)) });
  const calls = new api.Instance(compiled, { env: { memory } }).exports;
  return {
    engine: 'wasm',
    heap: new Float32Array(memory.buffer),
    gemm: ({ a, aRow, aCol, b, c, m, depth, n, accumulate }) => calls.gemm(a, aRow, aCol, b, c, m, depth, n, accumulate ? 1 : 0),
    im2col: ({ image, patches, h, w, c, k }) => calls.im2col(image, patches, h, w, c, k),
    col2im: ({ image, patches, h, w, c, k }) => calls.col2im(patches, image, h, w, c, k),
    adam: ({ p, g, m, v, count }, { rate, beta1, beta2, eps }) => calls.adam(p, g, m, v, count, rate, beta1, beta2, eps),
    sgd: ({ p, g, m, count }, rate, momentum) => calls.sgd(p, g, m, count, rate, momentum),
  };
}
