import type { Kernel } from '../kernel/kernel.ts';

/** Floats of one image as it passes between layers, in the order row, column, channel. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Where one layer boundary lies in the heap: its values and their gradients, one row of floats per image. */
export interface Signal {
  readonly shape: Shape;
  readonly values: number;
  readonly grads: number;
}

/** A run of parameters inside the parameter region, with how to initialise it. */
export interface ParamSlot {
  /** Position counted from the start of the parameter region. */
  readonly offset: number;
  readonly count: number;
  /** Glorot-uniform bound; 0 for biases, which start at zero. */
  readonly bound: number;
  /** Work that each stands for in the forward pass of one image, in multiply-adds; 0 for a dense layer's biases. */
  readonly uses: number;
}

/** One pass over one batch. */
export interface Pass {
  readonly kernel: Kernel;
  /** Images in the batch. */
  readonly images: number;
  /** Start of the parameters and of their gradients in the heap. */
  readonly params: number;
  readonly grads: number;
  /** Null outside training, when dropout does nothing; else what decides the dropout masks of this step. */
  readonly training: { readonly seed: number; readonly step: number } | null;
}

/** A layer reads its input signal and writes its output signal; backward adds nothing and overwrites gradients. */
export interface Layer {
  readonly output: Signal;
  readonly slots: readonly ParamSlot[];
  forward(pass: Pass): void;
  backward(pass: Pass): void;
}

/** Hands out regions of the heap and of the parameter region before either is allocated. */
export interface Planner {
  /** Whether gradients are needed; without, `grads` of every signal is 0 and unused. */
  readonly trainable: boolean;
  /** Reserves `floats` floats for each image of a full batch. */
  perImage(floats: number): number;
  /** Reserves `floats` floats once. */
  once(floats: number): number;
  /** Reserves parameters. */
  params(slot: Omit<ParamSlot, 'offset'>): ParamSlot;
}

/** Number of floats of one image. */
export function sizeOf({ height, width, channels }: Shape): number {
  return height * width * channels;
}

/** Reserves a layer boundary of the given shape. */
export function planSignal(planner: Planner, shape: Shape): Signal {
  const values = planner.perImage(sizeOf(shape));
  return { shape, values, grads: planner.trainable ? planner.perImage(sizeOf(shape)) : 0 };
}
