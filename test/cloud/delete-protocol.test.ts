import { describe, expect, test } from 'vitest';
import { createResource } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { useProtocolWorld } from './protocol-world.ts';
import type { Behaviour } from './small-cloud.ts';
import { volumeRequest, volumeWorld } from './volume-world.ts';

const at = useProtocolWorld();
const request = volumeRequest('key');
const world = () => volumeWorld(at.sql, at.cloud.url);
const state = async (): Promise<string | undefined> => (await findCloudResource(at.sql, request.urn))?.state;
const put = async (name: string): Promise<void> => {
  const body = JSON.stringify({ name, tags: [], size_gigabytes: 1, region: 'fra1' });
  await fetch(`${at.cloud.url}/v2/volumes`, { method: 'POST', body });
};

describe('deleteResource', () => {
  test('accepts that nothing was ever meant, or asked for, and asks the cloud nothing', async () => {
    await deleteResource(world(), request);
    expect(await state()).toBe(undefined);
    at.cloud.next('POST', { status: 422 });
    await expect(createResource(world(), request)).rejects.toMatchObject({ status: 422 });
    const asked = at.cloud.requests.length;
    await deleteResource(world(), request);
    await deleteResource(world(), request);
    expect([await state(), at.cloud.requests.length]).toEqual(['deleted', asked]);
  });

  const locked = { status: 422, body: { id: 'unprocessable_entity', message: 'Droplet already has a pending event.' } };
  const passing: [string, Behaviour[], number[]][] = [
    ['it is gone already', [{ status: 404 }], []],
    ['it was locked', [locked, locked], [5_000, 5_000]],
    ['it had members', [{ status: 403 }, { status: 409 }], [5_000, 5_000]],
    ['it had things to be removed first', [{ status: 412 }], [5_000]],
    ['the limit was reached', [{ status: 429, headers: { 'retry-after': '29' } }], [29_000]],
    ['it was gone though the answer was 500', [{ status: 500, done: true }], [5_000]],
    ['it was gone though no answer came', ['done, then cut'], [5_000]],
  ];
  test.each(passing)('succeeds when %s', async (_, behaviours, slept) => {
    await createResource(world(), request);
    at.cloud.next('DELETE', ...behaviours);
    const on = world();
    await deleteResource(on, request);
    expect([on.clock.slept, await state()]).toEqual([slept, 'deleted']);
    expect(at.cloud.volumes.size).toBe(behaviours.some((one) => typeof one === 'object' && one.status === 404) ? 1 : 0);
  });

  const lasting: [string, Behaviour, number, string][] = [
    ['its members stay', { status: 403 }, 12, 'FORBIDDEN'],
    ['the token is refused', { status: 401 }, 1, 'UNAUTHORIZED'],
    ['the wait would be an hour', { status: 429, headers: { 'retry-after': '3600' } }, 1, 'TOO_MANY_REQUESTS'],
  ];
  test.each(lasting)('gives up when %s, and goes on when it is called again', async (_, behaviour, tries, code) => {
    await createResource(world(), request);
    at.cloud.next('DELETE', ...Array.from({ length: tries }, () => behaviour));
    await expect(deleteResource(world(), request)).rejects.toMatchObject({ code });
    expect([at.cloud.asked('DELETE'), await state(), at.cloud.volumes.size]).toEqual([tries, 'deleting', 1]);
    await deleteResource(world(), request);
    expect([await state(), at.cloud.volumes.size]).toEqual(['deleted', 0]);
  });

  test('finds what was made without its id being kept, even when it shows only at the second look', async () => {
    at.cloud.next('POST', 'done, then cut');
    at.cloud.next('GET', { status: 200, body: { volumes: [], meta: { total: 0 } } }, { status: 503 });
    await expect(createResource(world(), request)).rejects.toMatchObject({ status: 503 });
    await put('foreign');
    at.cloud.hide(1);
    const on = world();
    await deleteResource(on, request);
    expect(on.clock.slept).toEqual([60_000]);
    expect([...at.cloud.volumes.values()].map(({ name }) => name)).toEqual(['foreign']);
    expect(await state()).toBe('deleted');
  });

  test('takes the late first volume too when there were two POSTs', async () => {
    at.cloud.next('POST', 'cut');
    await createResource(world(), request);
    await put(request.name);
    await deleteResource(world(), request);
    expect(at.cloud.volumes.size).toBe(0);
  });

  test('deletes nothing when more is found than was asked for', async () => {
    at.cloud.next('POST', 'cut');
    at.cloud.next('GET', { status: 200, body: { volumes: [], meta: { total: 0 } } }, { status: 503 });
    await expect(createResource(world(), request)).rejects.toMatchObject({ status: 503 });
    await put(request.name);
    await put(request.name);
    await expect(deleteResource(world(), request)).rejects.toMatchObject({ code: 'DELETE_AMBIGUOUS' });
    expect([at.cloud.volumes.size, await state()]).toEqual([2, 'deleting']);
  });
});
