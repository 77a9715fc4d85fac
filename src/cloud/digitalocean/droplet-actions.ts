import { actionAnswer } from './actions.ts';
import type { Action } from './actions.ts';
import type { DigitalOceanApi } from './api.ts';

/** What may be asked of a droplet; while one is not completed, the next is refused with `LOCKED`. */
export type DropletAction =
  | { readonly type: 'power_on' | 'power_off' | 'shutdown' | 'reboot' | 'power_cycle' }
  | { readonly type: 'snapshot' | 'rename'; readonly name: string }
  | { readonly type: 'resize'; readonly size: string; readonly disk: boolean };

/** Starts it; `getAction` tells how it goes. After an unknown outcome look at the droplet before asking again. */
export async function actOnDroplet(
  api: DigitalOceanApi,
  {
    droplet_id,
    action,
    signal,
  }: { readonly droplet_id: number; readonly action: DropletAction; readonly signal?: AbortSignal | undefined },
): Promise<Action> {
  return await api.call({ method: 'POST', path: `/v2/droplets/${droplet_id}/actions`, body: action, schema: actionAnswer, signal });
}
