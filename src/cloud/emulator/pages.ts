import type { Call } from './call.ts';
import { unprocessable } from './problem.ts';

const DEFAULT_PER_PAGE = 20;
const MAX_PER_PAGE = 200;

/** What every list adds to its items. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly links: { readonly pages?: Readonly<Record<string, string>> };
  readonly meta: { readonly total: number };
}

/** The page of a list that the query asks for (`page` from 1, `per_page` 20 by default and at most 200), with links to its neighbours. */
export function pageOf<T>(call: Call, all: readonly T[]): Paged<T> {
  const page = positive(call, 'page', 1, Number.MAX_SAFE_INTEGER);
  const perPage = positive(call, 'per_page', DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const pages: Record<string, string> = {};
  if (page > 1) Object.assign(pages, { first: linkTo(call, 1), prev: linkTo(call, page - 1) });
  if (page < last) Object.assign(pages, { next: linkTo(call, page + 1), last: linkTo(call, last) });
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: all.length },
  };
}

function positive(call: Call, name: string, fallback: number, max: number): number {
  const text = call.query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw unprocessable(`${name} must be an integer from 1 to ${max}`);
  return value;
}

function linkTo(call: Call, page: number): string {
  const query = new URLSearchParams(call.query);
  query.set('page', String(page));
  return `${call.origin}${call.path}?${query.toString()}`;
}
