import { TrainingError } from '../errors.ts';
import { createJsKernel } from './js-kernel.ts';
import { createWasmKernel, wasmSimdSupported } from './wasm-kernel.ts';

/** Which implementation does the arithmetic. Both give the same bits; `wasm` is about ten times as fast. */
export type Engine = 'wasm' | 'js';

/** Operands of {@link Kernel.gemm}: indexes and strides count floats of the heap. */
export interface GemmArgs {
  /** A[i][k] lies at `a + i * aRow + k * aCol`, so A may be read transposed. */
  readonly a: number;
  readonly aRow: number;
  readonly aCol: number;
  /** B, `depth` rows of `n` floats. */
  readonly b: number;
  /** C, `m` rows of `n` floats. */
  readonly c: number;
  readonly m: number;
  readonly depth: number;
  readonly n: number;
  /** Adds to C instead of overwriting it. */
  readonly accumulate: boolean;
}

/** An image of `h × w` pixels with `c` channels, and its `k × k` patches (`h * w` rows of `k * k * c` floats); `k` is odd. */
export interface PatchArgs {
  readonly image: number;
  readonly patches: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly k: number;
}

/** Regions of one optimizer step: `count` is a multiple of 4; `v` is not used by SGD. */
export interface OptimizerArgs {
  readonly p: number;
  readonly g: number;
  readonly m: number;
  readonly v: number;
  readonly count: number;
}

/** Coefficients of one Adam step; `rate` holds the bias correction already. */
export interface AdamRates {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** The arithmetic of training over one block of floats. Calls never allocate and never check bounds. */
export interface Kernel {
  readonly engine: Engine;
  /** All parameters, activations and gradients. Zero at first. */
  readonly heap: Float32Array;
  gemm(args: GemmArgs): void;
  im2col(args: PatchArgs): void;
  col2im(args: PatchArgs): void;
  adam(args: OptimizerArgs, rates: AdamRates): void;
  sgd(args: OptimizerArgs, rate: number, momentum: number): void;
}

/**
 * Creates a kernel with `floats` floats of zeroed heap.
 *
 * @param engine - default: WASM where it has SIMD, else JavaScript.
 * @throws TrainingError `ENGINE_UNAVAILABLE` when WASM is forced and not supported, `OUT_OF_MEMORY` when the heap cannot be had.
 */
export function createKernel(floats: number, engine?: Engine): Kernel {
  const supported = wasmSimdSupported();
  if (engine === 'wasm' && !supported) {
    throw new TrainingError('ENGINE_UNAVAILABLE', "Expected WebAssembly SIMD for engine 'wasm', but this Node has none; use engine 'js'.");
  }
  try {
    return (engine ?? (supported ? 'wasm' : 'js')) === 'wasm' ? createWasmKernel(floats) : createJsKernel(floats);
  } catch (cause) {
    const mib = Math.ceil((floats * 4) / 2 ** 20);
    throw new TrainingError('OUT_OF_MEMORY', `Could not allocate ${mib} MiB for training; use a smaller model or batch_size.`, { cause });
  }
}
