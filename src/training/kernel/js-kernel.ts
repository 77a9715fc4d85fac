import type { AdamRates, GemmArgs, Kernel, OptimizerArgs, PatchArgs } from './kernel.ts';

// Rounds to float32 after each operation. A float32 product, sum, quotient or square root computed in float64 and rounded once
// is exactly the float32 result, so these loops give the bits of the WebAssembly kernel.
const f32 = Math.fround;

/** Creates the kernel in plain JavaScript: the same bits as the WebAssembly one, about ten times slower. */
export function createJsKernel(floats: number): Kernel {
  const heap = new Float32Array(floats);
  return {
    engine: 'js',
    heap,
    gemm: (args) => gemm(heap, args),
    im2col: (args) => im2col(heap, args),
    col2im: (args) => col2im(heap, args),
    adam: (args, rates) => adam(heap, args, rates),
    sgd: (args, rate, momentum) => sgd(heap, args, f32(rate), f32(momentum)),
  };
}

function gemm(heap: Float32Array, args: GemmArgs): void {
  const { a, aRow, m, c, n, accumulate } = args;
  if (!accumulate) heap.fill(0, c, c + m * n);
  const whole = n - (n % 4);
  for (let i = 0; i < m; i++) {
    const row = a + i * aRow;
    for (let j = 0; j < whole; j += 4) fourCells(heap, args, row, i * n + j);
    for (let j = whole; j < n; j++) oneCell(heap, args, row, i * n + j);
  }
}

// `cell` is the index inside C; its column is cell % n. Sums stay in registers while k ascends.
function fourCells(heap: Float32Array, { aCol, b, c, depth, n }: GemmArgs, row: number, cell: number): void {
  const out = c + cell;
  let s0 = heap[out] ?? 0;
  let s1 = heap[out + 1] ?? 0;
  let s2 = heap[out + 2] ?? 0;
  let s3 = heap[out + 3] ?? 0;
  let source = b + (cell % n);
  for (let k = 0, left = row; k < depth; k++, left += aCol, source += n) {
    const x = heap[left] ?? 0;
    s0 = f32(s0 + f32(x * (heap[source] ?? 0)));
    s1 = f32(s1 + f32(x * (heap[source + 1] ?? 0)));
    s2 = f32(s2 + f32(x * (heap[source + 2] ?? 0)));
    s3 = f32(s3 + f32(x * (heap[source + 3] ?? 0)));
  }
  heap[out] = s0;
  heap[out + 1] = s1;
  heap[out + 2] = s2;
  heap[out + 3] = s3;
}

function oneCell(heap: Float32Array, { aCol, b, c, depth, n }: GemmArgs, row: number, cell: number): void {
  let sum = heap[c + cell] ?? 0;
  let source = b + (cell % n);
  for (let k = 0, left = row; k < depth; k++, left += aCol, source += n) {
    sum = f32(sum + f32((heap[left] ?? 0) * (heap[source] ?? 0)));
  }
  heap[c + cell] = sum;
}

function im2col(heap: Float32Array, args: PatchArgs): void {
  const { patches, c } = args;
  eachTap(args, (source, tap) => {
    const out = patches + tap * c;
    if (source < 0) heap.fill(0, out, out + c);
    else for (let o = 0; o < c; o++) heap[out + o] = heap[source + o] ?? 0;
  });
}

function col2im(heap: Float32Array, args: PatchArgs): void {
  const { image, patches, h, w, c } = args;
  heap.fill(0, image, image + h * w * c);
  eachTap(args, (target, tap) => {
    if (target < 0) return;
    const source = patches + tap * c;
    for (let o = 0; o < c; o++) heap[target + o] = (heap[target + o] ?? 0) + (heap[source + o] ?? 0);
  });
}

// Visits the k × k taps of every pixel in row order; `pixel` is -1 outside the image.
function eachTap({ image, h, w, c, k }: PatchArgs, visit: (pixel: number, tap: number) => void): void {
  const reach = (k - 1) / 2;
  let tap = 0;
  for (let at = 0; at < h * w; at++) {
    const y = Math.floor(at / w);
    const x = at % w;
    for (let t = 0; t < k * k; t++, tap++) {
      const row = y + Math.floor(t / k) - reach;
      const column = x + (t % k) - reach;
      const inside = row >= 0 && row < h && column >= 0 && column < w;
      visit(inside ? image + (row * w + column) * c : -1, tap);
    }
  }
}

function adam(heap: Float32Array, { p, g, m, v, count }: OptimizerArgs, rates: AdamRates): void {
  const [rate, b1, b2, eps] = [f32(rates.rate), f32(rates.beta1), f32(rates.beta2), f32(rates.eps)];
  const [n1, n2] = [f32(1 - b1), f32(1 - b2)];
  for (let i = 0; i < count; i++) {
    const grad = heap[g + i] ?? 0;
    const mean = f32(f32(b1 * (heap[m + i] ?? 0)) + f32(n1 * grad));
    const square = f32(f32(b2 * (heap[v + i] ?? 0)) + f32(n2 * f32(grad * grad)));
    heap[m + i] = mean;
    heap[v + i] = square;
    heap[p + i] = (heap[p + i] ?? 0) - f32(f32(rate * mean) / f32(f32(Math.sqrt(square)) + eps));
  }
}

function sgd(heap: Float32Array, { p, g, m, count }: OptimizerArgs, rate: number, momentum: number): void {
  for (let i = 0; i < count; i++) {
    const mean = f32(f32(momentum * (heap[m + i] ?? 0)) + (heap[g + i] ?? 0));
    heap[m + i] = mean;
    heap[p + i] = (heap[p + i] ?? 0) - f32(rate * mean);
  }
}
