import { CloudError } from '../cloud/cloud-error.ts';
import type { Json } from '../contracts/ledger.ts';
import { refOf } from '../contracts/provision-expand.ts';
import { converge } from './provision-converge.ts';
import type { ModuleWorld, ProvisionModule } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';

type Spec = { readonly [field: string]: Json };

/** Means the resource of the state's urn otherwise, and makes it so; its undo means it as before. `specOf` makes the spec of the one there is. */
export function updating(specOf: (spec: Spec, state: ProvisioningState) => Spec): ProvisionModule {
  return { execute: (world, state) => update(world, state, specOf), compensate: revert };
}

/** The whole spec, from the step's params. */
export const bySpec: ProvisionModule = updating((_, state) => (state.getInput('spec') ?? {}) as Spec);

/** One field, from the step's params. */
export function byField(field: string): ProvisionModule {
  return updating((spec, state) => ({ ...spec, [field]: state.getInput(field) ?? null }));
}

/** A volume never gets smaller: once it has grown, it stays so, and is meant so. */
export function growing(module: ProvisionModule): ProvisionModule {
  return {
    execute: (world, state) => module.execute(world, state),
    compensate: async (world, state) => {
      const row = await world.ledger.find(state.urn);
      const meant = Number((row?.desired_spec as Spec | undefined)?.['size_gigabytes']);
      const known = row && { type: row.type, provider_id: row.provider_id ?? '', observed: row.observed };
      const seen = known ? await world.port.get(known, state.signal) : undefined;
      if (seen && Number(seen.observed['size_gigabytes']) === meant) return;
      await world.ledger.revertSpec({ urn: state.urn, changed_by: state.change });
    },
  };
}

async function update(world: ModuleWorld, state: ProvisioningState, specOf: (spec: Spec, state: ProvisioningState) => Spec): Promise<void> {
  const { urn, change: changed_by, signal } = state;
  const from_version = state.getInput('from_version');
  const before = await world.ledger.find(urn);
  if (!before || before.state !== 'active')
    throw refusal('RESOURCE_VANISHED', `${urn} is ${before?.state ?? 'not in the ledger'}: expected an active one`);
  const spec = specOf(before.desired_spec as Spec, state);
  const row = await world.ledger.changeSpec({
    urn,
    spec,
    changed_by,
    ...(typeof from_version === 'number' ? { from_version } : {}),
  });
  if (!row)
    throw refusal('SPEC_MOVED', `${urn} is at version ${before.spec_version}, expected ${JSON.stringify(from_version)}: plan again`);
  const fields = state.getInput('fields');
  await converge(world, row, { signal, ...(Array.isArray(fields) ? { only: fields as readonly string[] } : {}) });
  state.putOutput(refOf(urn), { urn, provider_id: row.provider_id });
}

/** Called again, it finds the spec taken back already, and goes on. What it has not changed, and what is gone, needs nothing. */
async function revert(world: ModuleWorld, { urn, change: changed_by, signal }: ProvisioningState): Promise<void> {
  const reverted = await world.ledger.revertSpec({ urn, changed_by });
  if (reverted === 'overtaken')
    throw refusal('SPEC_MOVED', `${urn} was changed again since: expected to take back the last change; plan again`);
  if (reverted === 'unchanged' || reverted.state !== 'active') return;
  try {
    await converge(world, reverted, { signal });
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'RESOURCE_VANISHED') throw error;
  }
}

function refusal(code: string, message: string): CloudError {
  return new CloudError(code, message, { outcome: 'refused', retryable: false });
}
