import type { Clock } from './clock.ts';
import { CloudError } from './cloud-error.ts';
import type { CloudObject, CloudPort, Identity } from './port.ts';

interface Look {
  readonly port: CloudPort;
  readonly clock: Clock;
  readonly identity: Identity;
  /** Between the looks. */
  readonly gap_ms: number;
  readonly signal?: AbortSignal | undefined;
}

/** What is found at once, else after the gap: an accepted resource may not be listed yet, and its tags come later still. */
export async function lookTwice({ port, clock, identity, gap_ms, signal }: Look): Promise<readonly CloudObject[]> {
  const first = await port.lookUp(identity, signal);
  if (first.length > 0) return first;
  await clock.sleep(gap_ms, signal);
  return await port.lookUp(identity, signal);
}

/** The one, or none. Throws `CREATE_AMBIGUOUS` when there are more: nothing is picked, nothing deleted. */
export function onlyOne({ type, name }: Identity, found: readonly CloudObject[]): CloudObject | undefined {
  if (found.length <= 1) return found[0];
  const ids = found.map(({ provider_id }) => provider_id).join(', ');
  throw new CloudError('CREATE_AMBIGUOUS', `Expected at most one ${type} ${name}, found ${found.length}: ${ids}. Delete all but one`, {
    outcome: 'unknown',
    retryable: false,
  });
}
