// Shapes of objects by hand, for what comes from outside into workflows: zod is too large for the sandbox.

type Check = (value: unknown) => boolean;

/** The fields that an object may have, and must have unless they are optional. */
export type Fields = Readonly<Record<string, { readonly expected: string; readonly fits: Check; readonly optional?: boolean }>>;

/** A text of 1 to `max` characters. */
export const text =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.length >= 1 && value.length <= max;

/** A whole number in a range. */
export const whole =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** Is it an object, and neither a list nor null? */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first field that does not fit, what was expected and what came; null when all fit and there are no others. `what` names the object. */
export function fieldsFault(given: Readonly<Record<string, unknown>>, fields: Fields, what: string): string | null {
  for (const [name, { expected, fits, optional }] of Object.entries(fields)) {
    const value = given[name];
    if (!(optional === true && value === undefined) && !fits(value)) return `${name}: expected ${expected}, got ${brief(value)}`;
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  return unknown === undefined ? null : `expected no field ${brief(unknown)} in ${what}`;
}

/** The beginning of a value, for a message. The value must not be nested deep. */
export function brief(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 100);
}
