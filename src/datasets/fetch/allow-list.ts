import { isIPv6 } from 'node:net';
import { DatasetError } from '../errors.ts';

/** Tells whether the operator lets builds fetch from the host of a URL over plain http and at private addresses. */
export type AllowList = (url: URL) => boolean;

/** Entries are `host`, which means all its ports, or `host:port`; IPv6 with a port in brackets. Throws `SETTING_INVALID`. */
export function createAllowList(entries: readonly string[]): AllowList {
  const allowed = new Set(entries.map((entry) => canonicalEntry(entry)));
  return (url) => {
    const host = canonicalHost(url);
    return allowed.has(host) || allowed.has(`${host}:${portOf(url)}`);
  };
}

/** The host of a URL as rules compare it: numbers in their usual form (the URL parser saw to that), no final dot. */
export function canonicalHost(url: URL): string {
  return url.hostname.replace(/\.$/, '');
}

function canonicalEntry(entry: string): string {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(isIPv6(entry) ? `[${entry}]` : entry) ?? [];
  if (host === '' || /[/@?#\\]/.test(host) || !URL.canParse(`http://${host}`))
    throw new DatasetError('SETTING_INVALID', `expected host or host:port in CEREBROS_DATASET_ALLOW, got ${JSON.stringify(entry)}`);
  const canonical = canonicalHost(new URL(`http://${host}`));
  return port === undefined ? canonical : `${canonical}:${Number(port)}`;
}

function portOf({ port, protocol }: URL): string {
  if (port !== '') return port;
  return protocol === 'https:' ? '443' : '80';
}
