import type { z } from 'zod';

/** Takes a schema whose values are exactly those of `T`, apart from `readonly`; anything else does not compile. */
export function mirrors<T>() {
  return <S extends z.ZodType>(schema: S & (Same<Loose<T>, Loose<z.output<S>>> extends true ? unknown : never)): S => schema;
}

/** Whether each can stand for the other, and neither has a field more. */
type Same<A, B> = [A, keyof A] extends [B, keyof B] ? ([B, keyof B] extends [A, keyof A] ? true : false) : false;

type Loose<T> = T extends readonly (infer E)[] ? Loose<E>[] : T extends object ? { -readonly [K in keyof T]: Loose<T[K]> } : T;
