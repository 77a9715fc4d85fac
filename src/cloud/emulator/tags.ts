import { z } from 'zod';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param, parseBody } from './call.ts';
import { visibleDroplets } from './droplet-lookup.ts';
import { pageOf } from './pages.ts';
import { notFound, Problem } from './problem.ts';
import type { State } from './state.ts';
import { addTag, ensureTag, findTag, sameTag, TAG_PATTERN } from './tag-names.ts';
import { countDestroyed } from './world.ts';

/** A tag that exists is returned as it was spelled first. A name that is not allowed is refused with 400 in a shape of its own. */
export function createTag(call: Call): Answer {
  const { name } = parseBody(call, z.object({ name: z.string() }));
  if (!TAG_PATTERN.test(name)) throw badTag(name);
  const { state } = call.world;
  return { status: 201, body: { tag: tagView(call, ensureTag(state, name)) } };
}

export function listTags(call: Call): Answer {
  const { items, links, meta } = pageOf(call, call.world.state.tags);
  return { status: 200, body: { tags: items.map(({ name }) => tagView(call, name)), links, meta } };
}

export function getTag(call: Call): Answer {
  return { status: 200, body: { tag: tagView(call, find(call)) } };
}

/** Takes the tag from everything that has it. */
export function deleteTag(call: Call): Answer {
  removeTag(call.world.state, find(call));
  return NO_CONTENT;
}

export function tagResources(call: Call): Answer {
  const name = find(call);
  for (const tags of resourcesOf(call)) addTag(call.world.state, tags, name);
  return NO_CONTENT;
}

export function untagResources(call: Call): Answer {
  const name = find(call);
  for (const tags of resourcesOf(call)) take(tags, name);
  return NO_CONTENT;
}

export function removeTag(state: State, name: string): void {
  state.tags = state.tags.filter((tag) => tag.name !== name);
  for (const { tags } of [...state.droplets, ...state.volumes, ...state.snapshots, ...state.firewalls]) take(tags, name);
  for (const droplet of state.droplets) droplet.late_tags = droplet.late_tags.filter((late) => late.name !== name);
  countDestroyed(state, 'tag');
}

/** Takes a tag from the list of a resource, whatever its case. */
export function take(tags: string[], name: string): void {
  const at = tags.findIndex((tag) => sameTag(tag, name));
  if (at >= 0) tags.splice(at, 1);
}

const resourcesBody = z.object({
  resources: z
    .array(z.object({ resource_id: z.string(), resource_type: z.enum(['droplet', 'volume', 'volume_snapshot', 'image']) }))
    .min(1),
});

/** The lists of tags of the resources that the body names. Throws a 404 when one of them is missing: then none is changed. */
function resourcesOf(call: Call): readonly string[][] {
  const { state } = call.world;
  return parseBody(call, resourcesBody).resources.map(({ resource_id, resource_type }) => {
    const found = ofType(call, state, resource_type).find(({ id }) => String(id) === resource_id);
    if (found === undefined) throw notFound();
    return found.tags;
  });
}

function ofType(call: Call, state: State, type: string): readonly { id: string | number; tags: string[] }[] {
  if (type === 'droplet') return visibleDroplets(call);
  if (type === 'volume') return state.volumes;
  const wanted = type === 'volume_snapshot' ? 'volume' : 'droplet';
  return state.snapshots.filter(({ resource_type }) => resource_type === wanted);
}

function tagView(call: Call, name: string): object {
  const counts = {
    droplets: counted(call, 'droplet', name),
    images: counted(call, 'image', name),
    volumes: counted(call, 'volume', name),
    volume_snapshots: counted(call, 'volume_snapshot', name),
    databases: { count: 0 },
  };
  const all: readonly TagCount[] = Object.values(counts);
  const last = all.find(({ last_tagged_uri }) => last_tagged_uri !== undefined);
  return { name, resources: { ...last, count: all.reduce((sum, { count }) => sum + count, 0), ...counts } };
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  droplet: 'droplets',
  image: 'images',
  volume: 'volumes',
  volume_snapshot: 'snapshots',
};

interface TagCount {
  readonly count: number;
  readonly last_tagged_uri?: string;
}

function counted(call: Call, type: string, name: string): TagCount {
  const tagged = ofType(call, call.world.state, type).filter(({ tags }) => tags.includes(name));
  const last = tagged.at(-1);
  if (last === undefined) return { count: 0 };
  return { count: tagged.length, last_tagged_uri: `${call.origin}/v2/${COLLECTIONS[type]}/${last.id}` };
}

function find(call: Call): string {
  const tag = findTag(call.world.state, param(call, 'name'));
  if (tag === undefined) throw notFound();
  return tag.name;
}

function badTag(name: string): Problem {
  const error = `Error validating resource tag: "tag-name ${JSON.stringify(name)} contains invalid characters"`;
  return new Problem(400, error, { error, messages: null, root_causes: [error] });
}
