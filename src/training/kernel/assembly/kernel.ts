// The hot loops of the trainer, in AssemblyScript: compiled by scripts/build-kernel.mjs, never by tsc.
//
// Every result element is summed in one fixed order (k ascending, one accumulator), because lanes run along the output
// columns and never across a sum. The JavaScript twin in ../js-kernel.ts repeats that order, so both give the same bits.
// Pointers arrive as float indexes into the shared memory; nothing here allocates.

// Types such as f32, usize and v128 are AssemblyScript's.


@inline
function at(index: i32): usize {
  return usize(index) << 2;
}

/** C[m×n] = A·B, or C += A·B. A is read at a + i*aRow + k*aCol, which covers both A and its transpose. */
export function gemm(a: i32, aRow: i32, aCol: i32, b: i32, c: i32, m: i32, depth: i32, n: i32, accumulate: i32): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) rows4(at(a + i * aRow), at(aRow), at(aCol), at(b), at(c + i * n), depth, n, accumulate);
  for (; i < m; i++) row1(at(a + i * aRow), at(aCol), at(b), at(c + i * n), depth, n, accumulate);
}

function rows4(a: usize, aRow: usize, aCol: usize, b: usize, c: usize, depth: i32, n: i32, accumulate: i32): void {
  const stride = at(n);
  let j = 0;
  for (; j + 8 <= n; j += 8) block4x8(a, aRow, aCol, b + at(j), c + at(j), depth, stride, accumulate);
  for (; j + 4 <= n; j += 4) {
    for (let r: usize = 0; r < 4; r++) block1x4(a + r * aRow, aCol, b + at(j), c + r * stride + at(j), depth, stride, accumulate);
  }
  for (; j < n; j++) {
    for (let r: usize = 0; r < 4; r++) cell(a + r * aRow, aCol, b + at(j), c + r * stride + at(j), depth, stride, accumulate);
  }
}

function row1(a: usize, aCol: usize, b: usize, c: usize, depth: i32, n: i32, accumulate: i32): void {
  const stride = at(n);
  let j = 0;
  for (; j + 4 <= n; j += 4) block1x4(a, aCol, b + at(j), c + at(j), depth, stride, accumulate);
  for (; j < n; j++) cell(a, aCol, b + at(j), c + at(j), depth, stride, accumulate);
}

// @inline keeps the eight accumulators in registers.
@inline
function block4x8(a: usize, aRow: usize, aCol: usize, b: usize, c: usize, depth: i32, stride: usize, accumulate: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const r1 = c + stride, r2 = r1 + stride, r3 = r2 + stride;
  if (accumulate) {
    c00 = v128.load(c); c01 = v128.load(c, 16);
    c10 = v128.load(r1); c11 = v128.load(r1, 16);
    c20 = v128.load(r2); c21 = v128.load(r2, 16);
    c30 = v128.load(r3); c31 = v128.load(r3, 16);
  }
  let a0 = a, a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a0);
    c00 = f32x4.add(c00, f32x4.mul(x, b0)); c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load32_splat(a1);
    c10 = f32x4.add(c10, f32x4.mul(x, b0)); c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load32_splat(a2);
    c20 = f32x4.add(c20, f32x4.mul(x, b0)); c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load32_splat(a3);
    c30 = f32x4.add(c30, f32x4.mul(x, b0)); c31 = f32x4.add(c31, f32x4.mul(x, b1));
    a0 += aCol; a1 += aCol; a2 += aCol; a3 += aCol; b += stride;
  }
  v128.store(c, c00); v128.store(c, c01, 16);
  v128.store(r1, c10); v128.store(r1, c11, 16);
  v128.store(r2, c20); v128.store(r2, c21, 16);
  v128.store(r3, c30); v128.store(r3, c31, 16);
}

@inline
function block1x4(a: usize, aCol: usize, b: usize, c: usize, depth: i32, stride: usize, accumulate: i32): void {
  let sum = accumulate ? v128.load(c) : f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(a), v128.load(b)));
    a += aCol; b += stride;
  }
  v128.store(c, sum);
}

@inline
function cell(a: usize, aCol: usize, b: usize, c: usize, depth: i32, stride: usize, accumulate: i32): void {
  let sum: f32 = accumulate ? load<f32>(c) : 0;
  for (let k = 0; k < depth; k++) {
    sum += load<f32>(a) * load<f32>(b);
    a += aCol; b += stride;
  }
  store<f32>(c, sum);
}

/** One k×k neighbourhood per pixel (k odd), zero outside the image: [h×w×c] becomes [h*w × k*k*c], taps in row order. */
export function im2col(image: i32, patches: i32, h: i32, w: i32, c: i32, k: i32): void {
  const span = at(k * c);
  const reach = k >> 1;
  let out = at(patches);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const left = at(max(0, reach - x) * c), right = at(max(0, x + reach - w + 1) * c);
      for (let row = y - reach; row <= y + reach; row++) {
        const source = at(image + (row * w + x - reach) * c);
        // Inside the image the taps of a row are neighbours in memory.
        if (u32(row) < u32(h) && left + right == 0) copy(out, source, span);
        else {
          memory.fill(out, 0, span);
          if (u32(row) < u32(h)) copy(out + left, source + left, span - left - right);
        }
        out += span;
      }
    }
  }
}

@inline
function copy(target: usize, source: usize, size: usize): void {
  let o: usize = 0;
  for (; o + 16 <= size; o += 16) v128.store(target + o, v128.load(source + o));
  for (; o < size; o += 4) store<f32>(target + o, load<f32>(source + o));
}

/** The transpose of im2col: adds every tap of `patches` back to its pixel. The image is zeroed first. */
export function col2im(patches: i32, image: i32, h: i32, w: i32, c: i32, k: i32): void {
  const span = at(k * c);
  const reach = k >> 1;
  memory.fill(at(image), 0, at(h * w * c));
  let source = at(patches);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const left = at(max(0, reach - x) * c), right = at(max(0, x + reach - w + 1) * c);
      for (let row = y - reach; row <= y + reach; row++) {
        const target = at(image + (row * w + x - reach) * c);
        if (u32(row) < u32(h)) addTo(target + left, source + left, span - left - right);
        source += span;
      }
    }
  }
}

@inline
function addTo(target: usize, source: usize, size: usize): void {
  let o: usize = 0;
  for (; o + 16 <= size; o += 16) v128.store(target + o, f32x4.add(v128.load(target + o), v128.load(source + o)));
  for (; o < size; o += 4) store<f32>(target + o, load<f32>(target + o) + load<f32>(source + o));
}

/** One Adam step over `count` parameters; `rate` already holds the bias correction. Regions are padded to whole lanes. */
export function adam(p: i32, g: i32, m: i32, v: i32, count: i32, rate: f32, beta1: f32, beta2: f32, eps: f32): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const n1 = f32x4.splat(<f32>1 - beta1), n2 = f32x4.splat(<f32>1 - beta2);
  const r = f32x4.splat(rate), e = f32x4.splat(eps);
  const end = at(count);
  for (let o: usize = 0; o < end; o += 16) {
    const grad = v128.load(at(g) + o);
    const mean = f32x4.add(f32x4.mul(b1, v128.load(at(m) + o)), f32x4.mul(n1, grad));
    const square = f32x4.add(f32x4.mul(b2, v128.load(at(v) + o)), f32x4.mul(n2, f32x4.mul(grad, grad)));
    const change = f32x4.div(f32x4.mul(r, mean), f32x4.add(f32x4.sqrt(square), e));
    v128.store(at(m) + o, mean);
    v128.store(at(v) + o, square);
    v128.store(at(p) + o, f32x4.sub(v128.load(at(p) + o), change));
  }
}

/** One step of SGD with momentum over `count` parameters. Regions are padded to whole lanes. */
export function sgd(p: i32, g: i32, m: i32, count: i32, rate: f32, momentum: f32): void {
  const r = f32x4.splat(rate), mu = f32x4.splat(momentum);
  const end = at(count);
  for (let o: usize = 0; o < end; o += 16) {
    const mean = f32x4.add(f32x4.mul(mu, v128.load(at(m) + o)), v128.load(at(g) + o));
    v128.store(at(m) + o, mean);
    v128.store(at(p) + o, f32x4.sub(v128.load(at(p) + o), f32x4.mul(r, mean)));
  }
}
