import { beforeEach, expect, test } from 'vitest';
import { attach, attachmentId } from '../../src/cloud/digitalocean/attachments.ts';
import { createDroplet } from '../../src/cloud/digitalocean/droplets.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { Fault } from '../../src/cloud/emulator/fault-script.ts';
import { removeWithRetry } from '../../src/cloud/remove-with-retry.ts';
import { VirtualClock } from './virtual-clock.ts';
import { testApi } from './volume-world.ts';

let emulator: Emulator;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  emulator = await createEmulator({ clock });
  return async () => await emulator.close();
});

test.each<Fault>(['500_before', '500_after', 'reset_after', 'timeout_after', 'malformed'])(
  'what is removed by a POST goes, though the POST ends as %s',
  async (fault) => {
    const api = testApi(emulator.url, { timeout_ms: 400 });
    const machine = { name: 'web', tags: [], region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
    const { droplet } = await createDroplet(api, machine);
    const volume = await createVolume(api, { name: 'data', region: 'fra1', size_gigabytes: 1, tags: [] });
    await clock.sleep(10_000);
    const { attachment } = await attach(api, { volume_id: volume.id, droplet_id: droplet.id });
    await clock.sleep(10_000);
    emulator.addFaults([{ match: { method: 'POST', path: 'actions$' }, fault }]);
    const known = { type: 'attachment', provider_id: attachmentId(attachment), observed: null };
    await removeWithRetry({ port: digitalOceanPort(api), clock }, known);
    expect(emulator.faults().fired).toEqual({ [fault]: 1 });
    expect(emulator.truth().resources.volumes).toMatchObject([{ droplet_id: null }]);
  },
);
