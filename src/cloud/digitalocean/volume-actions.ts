import { actionAnswer } from './actions.ts';
import type { Action } from './actions.ts';
import type { DigitalOceanApi } from './api.ts';

/** What may be asked of a volume. */
export type VolumeAction =
  | { readonly type: 'attach' | 'detach'; readonly droplet_id: number; readonly region?: string }
  | { readonly type: 'resize'; readonly size_gigabytes: number; readonly region: string };

/** Starts it; `getAction` tells how it goes. After an unknown outcome look at the volume before asking again. */
export async function actOnVolume(
  api: DigitalOceanApi,
  { volume_id, action, signal }: { readonly volume_id: string; readonly action: VolumeAction; readonly signal?: AbortSignal | undefined },
): Promise<Action> {
  const path = `/v2/volumes/${encodeURIComponent(volume_id)}/actions`;
  return await api.call({ method: 'POST', path, body: action, schema: actionAnswer, signal });
}
