import { createApi } from '../../src/cloud/digitalocean/api.ts';
import type { DigitalOceanApi } from '../../src/cloud/digitalocean/api.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { ApiToken } from '../../src/cloud/digitalocean/token.ts';
import { deterministicName } from '../../src/cloud/deterministic-name.ts';
import type { ProtocolDependencies, ResourceRequest } from '../../src/cloud/create-protocol.ts';
import type { RateLimit } from '../../src/cloud/rate-limit.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { VirtualClock } from './virtual-clock.ts';

export const SECRET = 'dop_v1_0123456789abcdef0123456789abcdef';

export const UNLIMITED: RateLimit = { take: async () => {}, correct: async () => {} };

/** The client on a server of a test. */
export function testApi(
  base_url: string,
  options: { readonly timeout_ms?: number; readonly rate_limit?: RateLimit } = {},
): DigitalOceanApi {
  return createApi({ token: new ApiToken(SECRET), rate_limit: UNLIMITED, base_url, timeout_ms: 2_000, ...options });
}

/** What the protocols work with: the client on a server, a ledger, and a clock of their own. */
export function volumeWorld(sql: Sql, base_url: string, timeout_ms = 2_000): ProtocolDependencies & { readonly clock: VirtualClock } {
  const api = testApi(base_url, { timeout_ms });
  return { port: digitalOceanPort(api), ledger: createResourceLedger(sql), clock: new VirtualClock() };
}

/** A volume of 1 GiB. */
export function volumeRequest(idempotency_key: string, parts: Partial<ResourceRequest> = {}): ResourceRequest {
  const name = deterministicName(idempotency_key);
  const urn = `urn:cerebros:test:volume:${idempotency_key.replaceAll('/', '.')}`;
  const spec = { region: 'fra1', size_gigabytes: 1 };
  return { urn, type: 'volume', name, tag: name, spec, idempotency_key, saga_id: 'run-1', ...parts };
}
