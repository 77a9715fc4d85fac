import { ActivityFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import { CancellationScope } from './in-process-scope.ts';
import type { CallOptions, Handler, World } from './in-process-world.ts';

/**
 * Stands in for what the engine imports from `@temporalio/workflow` (`vi.mock`), so that thousands of runs fit into seconds. It keeps
 * to the SDK where order matters: conditions are looked at once a turn's code has all run, a cancelled activity is waited for, and
 * a call made in a cancelled scope does not start. Everything outside the run (who answers when) is drawn from a seeded source.
 */
export { CancellationScope } from './in-process-scope.ts';
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';

export const ActivityCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED' } as const;
export const ChildWorkflowCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED', ABANDON: 'ABANDON' } as const;
export const ParentClosePolicy = { REQUEST_CANCEL: 'REQUEST_CANCEL', ABANDON: 'ABANDON' } as const;
export const log = { info: (): void => undefined, warn: (): void => undefined };

let world: World;

/** Makes a run the one that workflow code is part of from now on. */
export function enter(entered: World): World {
  world = entered;
  return entered;
}

export function condition(fn: () => boolean, ms?: number, { summary }: { readonly summary?: string } = {}): Promise<boolean> {
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) return scope.cancelRequested;
  return new Promise((resolve, reject) => {
    if (fn()) return resolve(true);
    const stopTimer = ms === undefined ? undefined : world.timer(ms, () => world.conditions.delete(waiting) && resolve(false), summary);
    const waiting = { fn, resolve: () => (stopTimer?.(), resolve(true)) };
    world.conditions.add(waiting);
    const cancel = (error: unknown): void => {
      if (!world.conditions.delete(waiting)) return;
      stopTimer?.();
      reject(error);
    };
    if (scope.cancellable) scope.cancelRequested.catch(cancel);
  });
}

export async function sleep(ms: number, options?: { readonly summary?: string }): Promise<void> {
  await condition(() => false, ms, options);
}

/** An object that answers every name with a call of that activity. */
export function proxyActivities(options: CallOptions): Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>> {
  return new Proxy(
    {},
    {
      get:
        (_, type) =>
        (...args: readonly unknown[]) =>
          world.schedule(String(type), args, options),
    },
  );
}
export const proxyLocalActivities = proxyActivities;

export const workflowInfo = (): World['info'] => world.info;
export const setHandler = (definition: { readonly name: string }, handle: Handler['handle'], options: Partial<Handler> = {}): void =>
  world.handle(definition.name, { ...options, handle });
export const defineQuery = (name: string): { readonly name: string } => ({ name });
export const defineSignal = defineQuery;
export const defineUpdate = defineQuery;
export const allHandlersFinished = (): boolean => true;
export const setCurrentDetails = (): void => undefined;
export const upsertSearchAttributes = (): void => undefined;
export const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure ||
  ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause instanceof CancelledFailure);

export const executeChild = notHere;
export const startChild = notHere;
export const getExternalWorkflowHandle = notHere;
export const continueAsNew = notHere;

function notHere(): never {
  throw new Error('not part of the stand-in: test it on the server');
}
