// Math.exp, Math.tanh and Math.pow may differ in the last bit between engines and versions. These use only operations that
// IEEE 754 defines exactly, so that weights are the same on every machine.

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
// 1/n! for n = 13 … 0: enough terms for float64 on |x| ≤ ln2 / 2.
const INVERSE_FACTORIALS = inverseFactorials(13);
const bits = new DataView(new ArrayBuffer(8));

/** e^x, the same bits everywhere; results below 2^-1022 become 0. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const power = Math.floor(x / Math.LN2 + 0.5);
  if (power > 1023) return Number.POSITIVE_INFINITY;
  if (power < -1022) return 0;
  const rest = x - power * LN2_HIGH - power * LN2_LOW;
  let sum = 0;
  for (const term of INVERSE_FACTORIALS) sum = sum * rest + term;
  return sum * powerOfTwo(power);
}

/** Hyperbolic tangent, the same bits everywhere; absolute error below 1e-15. */
export function tanh(x: number): number {
  return 1 - 2 / (exp(2 * x) + 1);
}

/** base^exponent for a whole exponent ≥ 0, the same bits everywhere. */
export function integerPower(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

function powerOfTwo(power: number): number {
  bits.setUint32(0, (power + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

// Factorials up to 13! are exact in float64, so each term is rounded once.
function inverseFactorials(highest: number): readonly number[] {
  const terms = [1];
  let factorial = 1;
  for (let n = 1; n <= highest; n++) {
    factorial *= n;
    terms.unshift(1 / factorial);
  }
  return terms;
}
