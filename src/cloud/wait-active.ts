import type { ProvisionedResource, Sighting } from '../contracts/cloud.ts';
import { CloudError } from './cloud-error.ts';
import type { ProtocolDependencies } from './create-protocol.ts';
import type { CloudObject } from './port.ts';

export interface WaitOptions {
  /** Default 600,000. */
  readonly timeout_ms?: number;
  /** Between looks. Default 5,000. */
  readonly poll_ms?: number;
  readonly signal?: AbortSignal;
}

/**
 * Waits until a resource that has its id is ready, and marks it active. What was just accepted may not be found for a while, or never.
 * Throws `CloudError`: `CREATE_FAILED` when the provider gave it up, `RESOURCE_VANISHED` when it is not there at the end,
 * `NOT_ACTIVE_IN_TIME` (retryable) when it is, `INTENT_WITHDRAWN` when it was deleted meanwhile.
 */
export async function waitActive(
  dependencies: ProtocolDependencies,
  { urn }: { readonly urn: string },
  { timeout_ms = 600_000, poll_ms = 5_000, signal }: WaitOptions = {},
): Promise<Sighting> {
  const { ledger, clock } = dependencies;
  const row = await ledger.find(urn);
  if (!row || row.provider_id === null) throw failure('NOT_CREATED', `Expected ${urn} to have an id, it has none: create it first`);
  const { provider_id } = row;
  const until = clock.now() + timeout_ms;
  for (;;) {
    const seen = await look(dependencies, { ...row, provider_id }, signal);
    const status = seen === 'no answer' ? undefined : seen?.status;
    if (status === 'failed') throw failure('CREATE_FAILED', `${row.type} ${row.name} (${provider_id}) was accepted but never came to be`);
    if (seen !== 'no answer' && seen?.status === 'active') return await keepActive(dependencies, urn, seen);
    if (clock.now() + poll_ms > until) throw tooLate(row, seen);
    await clock.sleep(poll_ms, signal);
  }
}

async function keepActive({ ledger }: ProtocolDependencies, urn: string, { provider_id, observed }: CloudObject): Promise<Sighting> {
  if (await ledger.markActive({ urn, provider_id, observed })) return { provider_id, observed };
  throw failure('INTENT_WITHDRAWN', `${urn} was deleted while it was waited for`);
}

type Seen = CloudObject | undefined | 'no answer';

/** The provider's being away for a while ends no wait. */
async function look(
  { port }: ProtocolDependencies,
  { type, provider_id, observed }: ProvisionedResource & { readonly provider_id: string },
  signal: AbortSignal | undefined,
): Promise<Seen> {
  try {
    return await port.get({ type, provider_id, observed }, signal);
  } catch (error) {
    if (error instanceof CloudError && error.retryable && !signal?.aborted) return 'no answer';
    throw error;
  }
}

function tooLate({ type, name, provider_id }: ProvisionedResource, seen: Seen): CloudError {
  const about = `${type} ${name} (${provider_id})`;
  if (seen === undefined) return failure('RESOURCE_VANISHED', `${about} was accepted but is not there: expected it to be ready by now`);
  const message = `${about} is not ready yet: expected it by now; wait again`;
  return new CloudError('NOT_ACTIVE_IN_TIME', message, { outcome: 'refused', retryable: true });
}

function failure(code: string, message: string): CloudError {
  return new CloudError(code, message, { outcome: 'refused', retryable: false });
}
