import type { ProtocolDependencies } from '../../src/cloud/create-protocol.ts';

/** Thrown in the place of a process that died. */
export class Killed extends Error {}

/** Counts what a protocol does with the outside world. */
export interface Steps {
  done: number;
}

/** The dependencies, which die before or after the `at`-th thing that is done with the ledger or the cloud; 0 for never. */
export function killedAt<D extends ProtocolDependencies>(on: D, at: number, when: 'before' | 'after', steps: Steps = { done: 0 }): D {
  const dying = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          const mine = ++steps.done === at;
          if (mine && when === 'before') throw new Killed();
          const result: unknown = await Reflect.apply(method, target, args);
          if (mine) throw new Killed();
          return result;
        };
      },
    });
  return { ...on, ledger: dying(on.ledger), port: dying(on.port) };
}
