import { z } from 'zod';
import { CloudError } from '../cloud-error.ts';
import type { DigitalOceanApi } from './api.ts';

/** A list as the API gives it: in pages, under a name. */
export interface Listing<T> {
  readonly path: string;
  /** The field that holds the items. */
  readonly field: string;
  readonly item: z.ZodType<T>;
  readonly idOf: (item: T) => string | number;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const PER_PAGE = '200';
const PAGES_MAX = 500;

/**
 * All items, over all pages, as far as `links.pages.next` leads. Throws `LIST_INCOMPLETE` (retryable) unless there are exactly
 * `meta.total` different ones: what was deleted meanwhile moves others to a page that was read already.
 */
export async function listAll<T>(api: DigitalOceanApi, listing: Listing<T>): Promise<T[]> {
  const { path, field, idOf, signal } = listing;
  const schema = pageSchema(field, listing.item);
  const items = new Map<string | number, T>();
  let query: Readonly<Record<string, string>> | undefined = { ...listing.query, per_page: PER_PAGE };
  for (let pages = 0; query; pages++) {
    if (pages === PAGES_MAX) throw incomplete(path, `at most ${PAGES_MAX} pages, got more`);
    const page: Page<T> = await api.call({ method: 'GET', path, query, schema, signal });
    for (const item of page.items) items.set(idOf(item), item);
    if (page.next === undefined && items.size !== page.total)
      throw incomplete(path, `${page.total} items, got ${items.size} different ones`);
    query = page.next === undefined ? undefined : { ...query, ...queryOf(page.next) };
  }
  return [...items.values()];
}

interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly next: string | undefined;
}

function pageSchema<T>(field: string, item: z.ZodType<T>): z.ZodType<Page<T>> {
  const links = z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional();
  return z.looseObject({ meta: z.object({ total: z.int().min(0) }), links }).transform((page, context) => {
    const items = z.array(item).safeParse(page[field]);
    if (items.success) return { items: items.data, total: page.meta.total, next: page.links?.pages?.next };
    const [issue] = items.error.issues;
    context.addIssue({ code: 'custom', path: [field, ...(issue?.path ?? [])], message: issue?.message ?? 'malformed' });
    return z.NEVER;
  });
}

/** Only the query is followed: the token goes to no other host or path. */
function queryOf(next: string): Record<string, string> {
  return Object.fromEntries(new URL(next, 'https://api.digitalocean.com').searchParams);
}

function incomplete(path: string, expected: string): CloudError {
  return new CloudError('LIST_INCOMPLETE', `GET ${path}: expected ${expected}; list again`, { outcome: 'refused', retryable: true });
}
