import { z } from 'zod';
import { nothing } from './api.ts';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

/** A tag is its name: letters, digits, ":", "-" or "_", at most 255; case does not tell two apart. */
export interface Tag {
  readonly name: string;
}

export interface TaggedResource {
  readonly resource_id: string;
  readonly resource_type: 'droplet' | 'image' | 'volume' | 'volume_snapshot';
}

/** What is tagged with what. */
export interface Tagging {
  readonly tag: string;
  readonly resources: readonly TaggedResource[];
  readonly signal?: AbortSignal | undefined;
}

const tagSchema = z.object({ name: z.string().min(1) });
const tagAnswer = z.object({ tag: tagSchema }).transform(({ tag }) => tag);

export async function createTag(api: DigitalOceanApi, body: Tag, signal?: AbortSignal): Promise<Tag> {
  return await api.call({ method: 'POST', path: '/v2/tags', body, schema: tagAnswer, signal });
}

export async function listTags(api: DigitalOceanApi, signal?: AbortSignal): Promise<Tag[]> {
  return await listAll(api, { path: '/v2/tags', field: 'tags', item: tagSchema, idOf: ({ name }) => name, signal });
}

export async function getTag(api: DigitalOceanApi, name: string, signal?: AbortSignal): Promise<Tag | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/tags/${encodeURIComponent(name)}`, schema: tagAnswer, signal }));
}

/** Gives the tag to resources; those that have it keep it. */
export async function tagResources(api: DigitalOceanApi, { tag, resources, signal }: Tagging): Promise<void> {
  await api.call({ method: 'POST', path: `/v2/tags/${encodeURIComponent(tag)}/resources`, body: { resources }, schema: nothing, signal });
}

/** Takes the tag off resources; those that do not have it stay as they are. */
export async function untagResources(api: DigitalOceanApi, { tag, resources, signal }: Tagging): Promise<void> {
  await api.call({ method: 'DELETE', path: `/v2/tags/${encodeURIComponent(tag)}/resources`, body: { resources }, schema: nothing, signal });
}

/** Takes the tag off everything; what carried it stays. */
export async function deleteTag(api: DigitalOceanApi, name: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/tags/${encodeURIComponent(name)}`, signal);
}
