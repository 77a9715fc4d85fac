import type { DigitalOceanApi } from './api.ts';
import { actOnVolume } from './volume-actions.ts';
import { getVolume, listVolumes } from './volumes.ts';

/** A volume at a droplet; the provider has no id for it, so it is called after both. */
export interface Attachment {
  readonly volume_id: string;
  readonly droplet_id: number;
}

/** `VOLUME:DROPLET`. */
export function attachmentId({ volume_id, droplet_id }: Attachment): string {
  return `${volume_id}:${droplet_id}`;
}

export async function listAttachments(api: DigitalOceanApi, signal?: AbortSignal): Promise<Attachment[]> {
  const volumes = await listVolumes(api, signal);
  return volumes.flatMap(({ id, droplet_ids }) => droplet_ids.map((droplet_id) => ({ volume_id: id, droplet_id })));
}

/** Accepted, which is no success: the action decides. Refused while either is locked, or the volume is elsewhere. */
export async function attach(
  api: DigitalOceanApi,
  { volume_id, droplet_id }: Attachment,
  signal?: AbortSignal,
): Promise<{ readonly attachment: Attachment; readonly action_id: number }> {
  const { id } = await actOnVolume(api, { volume_id, action: { type: 'attach', droplet_id }, signal });
  return { attachment: { volume_id, droplet_id }, action_id: id };
}

export async function getAttachment(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<Attachment | undefined> {
  const attachment = parts(id);
  const volume = await getVolume(api, attachment.volume_id, signal);
  return volume?.droplet_ids.includes(attachment.droplet_id) ? attachment : undefined;
}

/** Asks to detach, when it is attached: it goes once the action has ended. */
export async function detach(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<'going' | false> {
  const { volume_id, droplet_id } = parts(id);
  const volume = await getVolume(api, volume_id, signal);
  if (!volume?.droplet_ids.includes(droplet_id)) return false;
  await actOnVolume(api, { volume_id, action: { type: 'detach', droplet_id, region: volume.region }, signal });
  return 'going';
}

function parts(id: string): Attachment {
  const at = id.lastIndexOf(':');
  return { volume_id: id.slice(0, at), droplet_id: Number(id.slice(at + 1)) };
}
