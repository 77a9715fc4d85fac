import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledFailure } from '@temporalio/common';

const scopes = new AsyncLocalStorage<CancellationScope>();
let root: CancellationScope;

/** `CancellationScope` of the SDK, as far as the engine uses it. */
export class CancellationScope {
  readonly cancellable: boolean;
  readonly cancelRequested: Promise<never>;
  #requested = false;
  #reject: (error: Error) => void = () => undefined;

  constructor(options: { readonly cancellable?: boolean; readonly parent?: CancellationScope | undefined } = {}) {
    this.cancellable = options.cancellable ?? true;
    this.cancelRequested = new Promise((_, reject) => {
      this.#reject = (error) => {
        this.#requested = true;
        reject(error);
      };
    });
    this.cancelRequested.catch(() => undefined);
    const parent = 'parent' in options ? options.parent : CancellationScope.current();
    if (!parent?.cancellable) return;
    this.#requested = parent.#requested;
    parent.cancelRequested.catch((error: Error) => this.#reject(error));
  }

  get consideredCancelled(): boolean {
    return this.#requested && this.cancellable;
  }

  async run<T>(fn: () => Promise<T>): Promise<T> {
    return scopes.run(this, async () => await fn());
  }

  cancel(): void {
    this.#reject(new CancelledFailure('Cancellation scope cancelled'));
  }

  static current(): CancellationScope {
    return scopes.getStore() ?? root;
  }

  static nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(fn);
  }
}

/** Runs a workflow in a scope of its own, which is the current one from then on wherever there is no other. */
export function runAsRoot<T>(scope: CancellationScope, workflow: () => Promise<T>): Promise<T> {
  root = scope;
  return scopes.run(scope, workflow);
}
