import { CloudError } from '../cloud/cloud-error.ts';
import type { ResourceBefore } from '../contracts/provision.ts';
import type { ModuleWorld } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';

/** How the resource was when the step was planned, when it says so. */
export function beforeIn(state: ProvisioningState): ResourceBefore | undefined {
  return state.getInput('before') as ResourceBefore | undefined;
}

/** Throws `WORLD_MOVED` unless the resource is as it was, or this run has begun to delete it. */
export async function refuseMoved(
  { ledger, port }: ModuleWorld,
  { urn, saga_id, signal }: ProvisioningState,
  before: ResourceBefore,
): Promise<void> {
  const row = await ledger.find(urn);
  if (row?.deleted_by === saga_id) return;
  const { provider_id, spec_version, gone } = before;
  if (row?.state !== 'active' || row.provider_id !== provider_id || row.spec_version !== spec_version) {
    throw moved(
      `${urn} is ${row?.state ?? 'not in the ledger'}, version ${row?.spec_version ?? 0}: expected version ${spec_version} of ${provider_id}`,
    );
  }
  const { type, observed } = row;
  if (gone && (await port.get({ type, provider_id, observed }, signal)))
    throw moved(`${urn} (${provider_id}) is there again: expected it to be gone`);
}

function moved(message: string): CloudError {
  return new CloudError('WORLD_MOVED', `${message}; plan again`, { outcome: 'refused', retryable: false });
}
