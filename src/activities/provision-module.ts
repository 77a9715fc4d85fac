import type { ProtocolDependencies } from '../cloud/create-protocol.ts';
import type { DigitalOceanApi } from '../cloud/digitalocean/api.ts';
import type { ProvisioningState } from './provision-state.ts';

/** What modules act on. */
export interface ModuleWorld extends ProtocolDependencies {
  readonly api: DigitalOceanApi;
  /** Between the two looks after an unknown outcome, in ms; waits look about twelve times as often. */
  readonly gap_ms: number;
}

/** A step's code: each may be called again, killed anywhere, and accepts that what it is to do is done. */
export interface ProvisionModule {
  execute(world: ModuleWorld, state: ProvisioningState): Promise<void>;
  compensate?(world: ModuleWorld, state: ProvisioningState): Promise<void>;
}

/** Between looks, in ms: a twelfth of the gap. */
export function pollMs({ gap_ms }: Pick<ModuleWorld, 'gap_ms'>): number {
  return Math.max(200, Math.round(gap_ms / 12));
}
