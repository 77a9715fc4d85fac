import { invalidInput } from '../errors.ts';

const PERSON = /^(?! )[^\p{Cc}]{1,200}(?<! )$/u;

/** Returns the name of a person, or refuses it (exit 2): 1 to 200 characters of one line, no spaces around it. `field` names the option. */
export function checkPerson(field: string, name: unknown): string {
  if (typeof name === 'string' && PERSON.test(name)) return name;
  const got = typeof name === 'string' ? JSON.stringify(name.slice(0, 60)) : typeof name;
  throw invalidInput(`${field}: expected a name of one line, 1 to 200 characters, without spaces around it, got ${got}`, 'give --as NAME');
}
