import { exp } from './portable-math.ts';

/** One batch of class scores. */
export interface Scores {
  readonly heap: Float32Array;
  readonly logits: number;
  readonly rows: number;
  readonly classes: number;
}

/**
 * Writes the class probabilities (softmax) of one row of scores.
 *
 * @param out - receives `classes` values in [0, 1] that sum to 1.
 */
export function softmax({ heap, logits, classes }: Scores, row: number, out: Float64Array): void {
  const start = logits + row * classes;
  let top = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) top = Math.max(top, heap[start + c] ?? 0);
  let total = 0;
  for (let c = 0; c < classes; c++) {
    // Subtracting the largest score keeps exp from overflowing.
    const e = exp((heap[start + c] ?? 0) - top);
    out[c] = e;
    total += e;
  }
  for (let c = 0; c < classes; c++) out[c] = (out[c] ?? 0) / total;
}

/** Sum over the rows of -ln(probability of the right class), and how many rows have it on top. */
export function scoreBatch(scores: Scores, labels: Uint8Array): { lossSum: number; correct: number } {
  const probabilities = new Float64Array(scores.classes);
  let lossSum = 0;
  let correct = 0;
  for (let row = 0; row < scores.rows; row++) {
    softmax(scores, row, probabilities);
    const label = labels[row] ?? 0;
    lossSum += crossEntropy(probabilities[label] ?? Number.NaN);
    if (probabilities.indexOf(Math.max(...probabilities)) === label) correct++;
  }
  return { lossSum, correct };
}

/**
 * The mean cross-entropy of a batch, in nats; writes its gradient with respect to the scores.
 *
 * @param gradient - where in the heap the gradient goes, one row of `classes` floats per row of scores.
 */
export function lossAndGradient(scores: Scores, labels: Uint8Array, gradient: number): number {
  const { heap, rows, classes } = scores;
  const probabilities = new Float64Array(classes);
  let lossSum = 0;
  for (let row = 0; row < rows; row++) {
    softmax(scores, row, probabilities);
    const label = labels[row] ?? 0;
    lossSum += crossEntropy(probabilities[label] ?? Number.NaN);
    for (let c = 0; c < classes; c++) {
      heap[gradient + row * classes + c] = ((probabilities[c] ?? 0) - (c === label ? 1 : 0)) / rows;
    }
  }
  return lossSum / rows;
}

// A probability that underflowed to 0 is a very wrong answer, not a divergence: its loss is bounded instead of infinite.
function crossEntropy(probability: number): number {
  return -Math.log(Math.max(probability, Number.MIN_VALUE));
}
