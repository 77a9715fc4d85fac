import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { publicLookup } from './address-guard.ts';

/** Connections of one fetcher, kept open between requests. */
export interface Agents {
  /** The agent for `url`: `allowed` ones go anywhere, the others to public addresses only. */
  of(url: URL, allowed: boolean): HttpAgent;
  /** Ends all connections. */
  close(): void;
}

/** `lookup` resolves names; default: the system's. */
export function createAgents(lookup?: LookupFunction): Agents {
  const base = { keepAlive: true, ...(lookup === undefined ? {} : { lookup }) };
  const allowedHttp = new HttpAgent(base);
  const allowedHttps = new HttpsAgent(base);
  // The library refuses by its own list as well, where a socket is made: what it and `publicLookup` each miss, the other has.
  const guarded = new RequestFilteringHttpsAgent({ keepAlive: true, lookup: publicLookup(lookup) });
  return {
    of: (url, allowed) => {
      if (!allowed) return guarded;
      return url.protocol === 'https:' ? allowedHttps : allowedHttp;
    },
    close: () => {
      for (const agent of [allowedHttp, allowedHttps, guarded]) agent.destroy();
    },
  };
}
