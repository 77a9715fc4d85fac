import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createKernel, type Kernel } from '../../src/training/kernel/kernel.ts';
import { KERNEL_WASM_BASE64, KERNEL_WASM_SHA256 } from '../../src/training/kernel/wasm-bytes.ts';
import { modelSha256 } from '../../src/training/model-file.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { digitsSpec, everyConvolution, everyLayer, noise, smallDigits } from './specs.ts';

const FLOATS = 20_000;

function bothAfter(work: (kernel: Kernel) => void): [Uint8Array, Uint8Array] {
  const after = (engine: 'wasm' | 'js') => {
    const kernel = createKernel(FLOATS, engine);
    kernel.heap.set(noise(1, FLOATS));
    work(kernel);
    return new Uint8Array(kernel.heap.slice(0, FLOATS).buffer);
  };
  return [after('wasm'), after('js')];
}

describe('kernel', () => {
  // Sizes around the blocks of 4 rows and 8 or 4 columns, so that every edge loop runs.
  const shapes = [
    [1, 1, 1],
    [3, 5, 2],
    [4, 9, 8],
    [5, 17, 13],
    [8, 64, 10],
    [13, 3, 31],
  ] as const;

  for (const [m, depth, n] of shapes) {
    for (const accumulate of [false, true]) {
      for (const [aRow, aCol] of [
        [depth, 1],
        [1, m],
      ] as const) {
        it(`gives the same bits in WASM and JS for ${m}x${depth} times ${depth}x${n}, strides ${aRow}/${aCol}, accumulate ${accumulate}`, () => {
          const [wasm, js] = bothAfter((kernel) => kernel.gemm({ a: 0, aRow, aCol, b: 4000, c: 8000, m, depth, n, accumulate }));
          expect(wasm).toEqual(js);
        });
      }
    }
  }

  it('multiplies matrices', () => {
    const kernel = createKernel(16);
    kernel.heap.set([1, 2, 3, 4, 5, 6, 7, 8]);
    kernel.gemm({ a: 0, aRow: 2, aCol: 1, b: 4, c: 8, m: 2, depth: 2, n: 2, accumulate: false });
    expect([...kernel.heap.subarray(8, 12)]).toEqual([19, 22, 43, 50]);
  });

  for (const [h, w, c] of [
    [1, 1, 1],
    [1, 4, 3],
    [5, 2, 4],
    [8, 8, 5],
  ] as const) {
    for (const k of [1, 3, 5]) {
      it(`gives the same bits in WASM and JS for the ${k}x${k} patches of a ${h}x${w}x${c} image, both ways`, () => {
        const [wasm, js] = bothAfter((kernel) => {
          kernel.im2col({ image: 0, patches: 1000, h, w, c, k });
          kernel.col2im({ image: 500, patches: 10_000, h, w, c, k });
        });
        expect(wasm).toEqual(js);
      });
    }
  }

  it('cuts an image into patches in the order row, column, channel, with zeros outside, and adds them up again', () => {
    const kernel = createKernel(200);
    kernel.heap.set([1, 2, 3, 4, 5, 6]);
    const around = (k: number) => ({ image: 0, patches: 10, h: 2, w: 3, c: 1, k });
    kernel.im2col(around(3));
    expect([...kernel.heap.subarray(10, 19)]).toEqual([0, 0, 0, 0, 1, 2, 0, 4, 5]);
    kernel.im2col(around(5));
    const last = 10 + 5 * 25;
    expect([...kernel.heap.subarray(last, last + 25)]).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, ...Array<number>(12).fill(0)]);
    kernel.col2im(around(5));
    // Every pixel is in the patches of all six, for none is more than two away.
    expect([...kernel.heap.subarray(0, 6)]).toEqual([6, 12, 18, 24, 30, 36]);
  });

  it('gives the same bits in WASM and JS for steps of both optimizers', () => {
    const [wasm, js] = bothAfter((kernel) => {
      kernel.heap.subarray(3000, 4000).forEach((value, index, v) => (v[index] = Math.abs(value)));
      kernel.adam({ p: 0, g: 1000, m: 2000, v: 3000, count: 1000 }, { rate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8 });
      kernel.sgd({ p: 5000, g: 6000, m: 7000, v: 0, count: 1000 }, 0.1, 0.9);
    });
    expect(wasm).toEqual(js);
  });
});

describe('both kernels', () => {
  for (const [what, optimizer, blocks] of [
    ['layer', 'adam', everyLayer],
    ['layer', 'sgd', everyLayer],
    ['convolution, pooling and dropout', 'adam', everyConvolution],
  ] as const) {
    it(`train a network with every kind of ${what} to the same model with ${optimizer}`, () => {
      const dataset = smallDigits();
      const spec = digitsSpec(blocks, { optimizer, epochs: 2 });
      const shas = (['wasm', 'js'] as const).map((engine) => {
        const trainer = createTrainer({ spec, dataset, seed: 5, engine });
        trainer.trainUntil();
        expect(trainer.engine).toBe(engine);
        return modelSha256(trainer.model());
      });
      expect(shas[0]).toBe(shas[1]);
    });
  }
});

describe('the compiled kernel', () => {
  it('is what its source compiles to', () => {
    const script = fileURLToPath(new URL('../../scripts/build-kernel.mjs', import.meta.url));
    const rebuilt = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' }).trim();
    const shipped = createHash('sha256').update(Buffer.from(KERNEL_WASM_BASE64, 'base64')).digest('hex');
    expect(shipped).toBe(KERNEL_WASM_SHA256);
    expect(rebuilt).toBe(KERNEL_WASM_SHA256);
  }, 30_000);
});
