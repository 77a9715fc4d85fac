import { forbiddenAddress, isForbiddenAddress } from './address-guard.ts';
import { canonicalHost } from './allow-list.ts';
import type { AllowList } from './allow-list.ts';
import { FetchError } from './fetch-error.ts';

const MAX_SHOWN = 500;

/**
 * The URL to fetch; `text` is relative to `base` when it comes from a redirect. Refuses what can be refused without asking DNS:
 * schemes other than https (http where allowed), addresses that are not public, user and password.
 * Throws `FORBIDDEN_SCHEME` or `FORBIDDEN_ADDRESS`.
 */
export function guardUrl(text: string, allowed: AllowList, base?: URL): URL {
  const url = parse(text, base);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FetchError(
      'FORBIDDEN_SCHEME',
      `expected an https URL, got the scheme ${JSON.stringify(url.protocol)}${redirectedFrom(base)}`,
    );
  if (url.username !== '' || url.password !== '')
    throw new FetchError('FORBIDDEN_ADDRESS', `expected a URL without user and password, got ${shownUrl(url)}${redirectedFrom(base)}`);
  if (allowed(url)) return url;
  const host = canonicalHost(url);
  if (isLocalName(host) || isForbiddenAddress(host.replace(/^\[(.*)\]$/, '$1')))
    throw forbiddenAddress(host, `private or special${redirectedFrom(base)}`);
  if (url.protocol === 'http:')
    throw new FetchError(
      'FORBIDDEN_SCHEME',
      `expected an https URL, got ${shownUrl(url)}${redirectedFrom(base)}; name the host in CEREBROS_DATASET_ALLOW to fetch over plain http`,
    );
  return url;
}

/** A URL as messages show it: without user and password, and not too long. */
export function shownUrl(url: URL | string): string {
  const text = String(url).replace(/\/\/[^/?#]*@/, '//');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function parse(text: string, base: URL | undefined): URL {
  if (URL.canParse(text, base?.href)) return new URL(text, base);
  // Without the parser's error as cause: it would hold a password that the message leaves out.
  const code = /^https?:/i.test(text) ? 'FORBIDDEN_ADDRESS' : 'FORBIDDEN_SCHEME';
  throw new FetchError(code, `expected an https URL, got ${JSON.stringify(shownUrl(text))}${redirectedFrom(base)}`);
}

function redirectedFrom(base: URL | undefined): string {
  return base === undefined ? '' : ` as redirect from ${shownUrl(base)}`;
}

/** Resolvers answer these with loopback (RFC 6761). */
function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}
