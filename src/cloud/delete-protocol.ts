import type { KeptResource, ProvisionedResource } from '../contracts/cloud.ts';
import { CloudError } from './cloud-error.ts';
import type { ProtocolDependencies } from './create-protocol.ts';
import type { CloudObject, Identity } from './port.ts';
import { removeWithRetry } from './remove-with-retry.ts';
import type { RemoveOptions } from './remove-with-retry.ts';

export interface DeleteOptions extends RemoveOptions {
  /** Between the two looks for what may have been made without the ledger's knowing its id. Default 60,000. */
  readonly gap_ms?: number | undefined;
}

/** What is to be deleted. */
export interface DeleteRequest {
  readonly urn: string;
  /** The run on whose behalf. */
  readonly saga_id: string | null;
  /** Only what is meant so and is not active. Default: whatever there is. */
  readonly intent_hash?: string;
}

/**
 * Takes a resource away on behalf of a run, and keeps it from being made: works from the ledger alone, whatever became of its creation,
 * and accepts that nothing happened. Killed anywhere, it may be called again. Answers false when it is kept meanwhile, or is meant
 * otherwise than asked. While it fails the row stays `deleting`; throws `CloudError`, of which `DELETE_AMBIGUOUS` means that more is
 * found under the name than was ever asked for, and nothing was deleted.
 */
export async function deleteResource(
  dependencies: ProtocolDependencies,
  { urn, saga_id, intent_hash }: DeleteRequest,
  options: DeleteOptions = {},
): Promise<boolean> {
  const { ledger } = dependencies;
  const row = await ledger.markDeleting({ urn, deleted_by: saga_id, intent_hash });
  if (!row || row.state === 'deleted') return true;
  if (row.state !== 'deleting' || (intent_hash !== undefined && row.intent_hash !== intent_hash)) return false;
  const { type, provider_id, observed, posts } = row;
  const still = async (): Promise<boolean> => (await ledger.find(urn))?.state === 'deleting';
  if (provider_id !== null) await removeWithRetry(dependencies, { type, provider_id, observed }, { ...options, still });
  // A second POST is sent only after the first was not found: it may turn up yet.
  if (posts > (provider_id === null ? 0 : 1)) await removeUnknown(dependencies, row, options);
  return await ledger.markDeleted(urn);
}

/** What a deletion that is taken back was of; with `was` it is not forgotten even when it is gone. */
export type KeepRequest = Pick<KeptResource, 'urn' | 'was'> & { readonly saga_id: string };

/** Takes a run's deletion back as far as that goes: what is still there stays. */
export async function keepResource(
  { port, ledger }: ProtocolDependencies,
  { urn, saga_id, was }: KeepRequest,
  { signal }: Pick<DeleteOptions, 'signal'> = {},
): Promise<void> {
  const row = await ledger.find(urn);
  if (row?.deleted_by !== saga_id) return;
  const { type, provider_id, observed } = row;
  const there = provider_id !== null && (await port.get({ type, provider_id, observed }, signal)) !== undefined;
  if (there || was) await ledger.keep({ urn, deleted_by: saga_id, was });
}

async function removeUnknown(dependencies: ProtocolDependencies, row: ProvisionedResource, options: DeleteOptions): Promise<void> {
  const { port, clock } = dependencies;
  const identity: Identity = { type: row.type, name: row.name, tag: row.tag, spec: row.desired_spec };
  const removeFound = async () => {
    const found = (await port.lookUp(identity, options.signal)).filter(({ provider_id }) => provider_id !== row.provider_id);
    if (found.length > row.posts) throw ambiguous(row, found);
    for (const { provider_id, observed } of found) await removeWithRetry(dependencies, { type: row.type, provider_id, observed }, options);
  };
  await removeFound();
  await clock.sleep(options.gap_ms ?? 60_000, options.signal);
  await removeFound();
}

function ambiguous({ type, name, posts }: ProvisionedResource, found: readonly CloudObject[]): CloudError {
  const ids = found.map(({ provider_id }) => provider_id).join(', ');
  const message = `Expected at most ${posts} ${type} ${name}, found ${found.length}: ${ids}. Delete by hand those that are not needed`;
  return new CloudError('DELETE_AMBIGUOUS', message, { outcome: 'refused', retryable: false });
}
