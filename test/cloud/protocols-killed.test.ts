import { describe, expect, test } from 'vitest';
import { createResource } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { Killed, killedAt } from './killed-at.ts';
import { useProtocolWorld } from './protocol-world.ts';
import { volumeRequest, volumeWorld } from './volume-world.ts';

const at = useProtocolWorld();
const posts = (): number => at.cloud.asked('POST');
const world = (timeout_ms?: number) => volumeWorld(at.sql, at.cloud.url, timeout_ms);
const stateOf = async (key: string): Promise<string | undefined> => (await findCloudResource(at.sql, volumeRequest(key).urn))?.state;

describe('a process that is killed', () => {
  const grid = (['before', 'after'] as const).flatMap((when) =>
    [undefined, 'done, then cut' as const, 'cut' as const].map((behaviour) => [when, behaviour] as const),
  );
  test.each(grid)('%s anything it does, POST %s, leaves one volume after it was called again', async (when, behaviour) => {
    let kills = 0;
    for (let n = 1; n < 30; n++) {
      const request = volumeRequest(`${when}/${behaviour}/${n}`);
      if (behaviour) at.cloud.next('POST', behaviour);
      const killed = await createResource(killedAt(world(), n, when), request).catch((error: unknown) => error);
      if (killed instanceof Killed) kills++;
      const made = await createResource(world(), request);
      expect([...at.cloud.volumes.keys()], `killed ${when} ${n}`).toEqual([made.provider_id]);
      at.cloud.volumes.clear();
      await at.sql`truncate cloud_resources, cloud_provisioned cascade`;
    }
    // The intent, the look, the claim, the POST, the id.
    expect(kills).toBeGreaterThanOrEqual(5);
  });

  test('whether making or taking away, leaves nothing after it was taken away', async () => {
    let kills = 0;
    for (let n = 1; n < 14; n++) {
      const request = volumeRequest(`away/${n}`);
      const steps = { done: 0 };
      const made = await createResource(killedAt(world(), n, 'after', steps), request).catch((error: unknown) => error);
      const gone = await deleteResource(killedAt(world(), n - steps.done, 'before'), request).catch((error: unknown) => error);
      kills += [made, gone].filter((end) => end instanceof Killed).length;
      await deleteResource(world(), request);
      expect(at.cloud.volumes.size, `killed at ${n}`).toBe(0);
      expect(await stateOf(`away/${n}`)).toBe('deleted');
    }
    // Five things are done to make it, three to take it away.
    expect(kills).toBe(9);
  });
});

describe('attempts at the same time', () => {
  test('make one volume', async () => {
    const request = volumeRequest('race');
    const made = await Promise.all(Array.from({ length: 8 }, async () => await createResource(world(), request)));
    expect(new Set(made.map(({ provider_id }) => provider_id)).size).toBe(1);
    expect([...at.cloud.volumes.keys()]).toEqual([made[0]?.provider_id]);
  });

  test('leave the volume of the one that overtook', async () => {
    at.cloud.next('POST', 'held');
    const slow = createResource(world(60_000), volumeRequest('zombie'));
    await expect.poll(posts).toBe(1);
    const quick = await createResource(world(), volumeRequest('zombie'));
    expect(at.cloud.volumes.size).toBe(1);
    at.cloud.release();
    expect(await slow).toEqual(quick);
    expect([...at.cloud.volumes.keys()]).toEqual([quick.provider_id]);
  });

  test('leave nothing when the resource is deleted under one that is asking for it', async () => {
    at.cloud.next('POST', 'held');
    const slow = createResource(world(60_000), volumeRequest('withdrawn'));
    await expect.poll(posts).toBe(1);
    const on = world();
    await deleteResource(on, volumeRequest('withdrawn'));
    expect(on.clock.slept).toEqual([60_000]);
    at.cloud.release();
    await expect(slow).rejects.toMatchObject({ code: 'INTENT_WITHDRAWN' });
    expect([at.cloud.volumes.size, await stateOf('withdrawn')]).toEqual([0, 'deleted']);
  });
});
