/** Which of the numbers 0 … count - 1 belong together; each set goes by the smallest of its numbers. */
export class UnionFind {
  readonly #parent: Uint32Array;

  constructor(count: number) {
    this.#parent = Uint32Array.from({ length: count }, (_, at) => at);
  }

  /** The smallest number that `member` belongs with. */
  find(member: number): number {
    let at = member;
    for (let above = this.#above(at); above !== at; above = this.#above(at)) {
      // Halves the way for the next time.
      this.#parent[at] = this.#above(above);
      at = this.#above(at);
    }
    return at;
  }

  join(a: number, b: number): void {
    const rootA = this.find(a);
    const rootB = this.find(b);
    this.#parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
  }

  #above(member: number): number {
    return this.#parent[member] ?? member;
  }
}
