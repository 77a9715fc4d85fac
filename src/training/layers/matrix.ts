/** A matrix in the heap and where the result goes. */
export interface MatrixArgs {
  readonly source: number;
  readonly target: number;
  readonly rows: number;
  readonly columns: number;
}

/** Copies one row of `columns` floats into every row of the target. */
export function fillRows(heap: Float32Array, { source, target, rows, columns }: MatrixArgs): void {
  heap.copyWithin(target, source, source + columns);
  // Doubling what is there lets the copy run at the speed of memory.
  for (let done = columns; done < rows * columns; done *= 2) {
    heap.copyWithin(target + done, target, target + Math.min(done, rows * columns - done));
  }
}

/** Adds the sum of each column to the target, rows ascending. */
export function addColumnSums(heap: Float32Array, { source, target, rows, columns }: MatrixArgs): void {
  let at = source;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) heap[target + column] = (heap[target + column] ?? 0) + (heap[at++] ?? 0);
  }
}

/** Writes the transpose of a `rows × columns` matrix. */
export function transpose(heap: Float32Array, { source, target, rows, columns }: MatrixArgs): void {
  let at = source;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) heap[target + column * rows + row] = heap[at++] ?? 0;
  }
}
