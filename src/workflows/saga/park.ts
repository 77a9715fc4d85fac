/** Never resolves: the pass is over for this branch of the body, and the engine goes on without it. */
export function park(): Promise<never> {
  return new Promise(() => undefined);
}
