import type { Params, ParamValue } from '../contracts/search-space.ts';
import { type Dimension, valueOf } from './dimensions.ts';

type Branch = Map<ParamValue | undefined, Branch>;

/** A set of configurations, equal when their values are, whatever the order of their keys. */
export class ParamsSet {
  readonly #names: readonly string[];
  // A map for each value so far, down to the last parameter: far quicker than texts as keys.
  readonly #root: Branch = new Map();
  #size = 0;

  constructor(dimensions: readonly Dimension[]) {
    this.#names = dimensions.map(({ name }) => name);
  }

  get size(): number {
    return this.#size;
  }

  add(params: Params): void {
    let branch = this.#root;
    let isNew = false;
    for (const name of this.#names) {
      const value = valueOf(params, name);
      let next = branch.get(value);
      if (next === undefined) {
        next = new Map();
        branch.set(value, next);
        isNew = true;
      }
      branch = next;
    }
    this.#size += Number(isNew);
  }

  has(params: Params): boolean {
    let branch: Branch | undefined = this.#root;
    for (const name of this.#names) {
      branch = branch.get(valueOf(params, name));
      if (branch === undefined) return false;
    }
    return true;
  }
}
