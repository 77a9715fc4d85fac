import { z } from 'zod';
import type { State } from './state.ts';
import { countCreated } from './world.ts';

export const TAG_PATTERN = /^[\w:-]{1,255}$/;

export const tagName = z.string().regex(TAG_PATTERN, 'a tag has 1 to 255 letters, digits, colons, dashes and underscores');

/** The tags of a create; none when null or missing. */
export const tagNames = z
  .array(tagName)
  .nullish()
  .transform((names) => names ?? []);

/** Finds a tag whatever the case: the spelling that came first counts. */
export function findTag(state: State, name: string): { name: string } | undefined {
  return state.tags.find((tag) => sameTag(tag.name, name));
}

export function sameTag(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** Makes the tag if there is none, and gives its spelling. */
export function ensureTag(state: State, name: string): string {
  const known = findTag(state, name);
  if (known !== undefined) return known.name;
  state.tags.push({ name });
  countCreated(state, 'tag');
  return name;
}

/** Puts a tag on the list of a resource, once, and makes it if there is none. */
export function addTag(state: State, tags: string[], name: string): void {
  const spelling = ensureTag(state, name);
  if (!tags.includes(spelling)) tags.push(spelling);
}

/** The tags of a new resource: made if they are new, each once. */
export function newTags(state: State, names: readonly string[]): string[] {
  const tags: string[] = [];
  for (const name of names) addTag(state, tags, name);
  return tags;
}
