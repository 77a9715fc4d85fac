import { describe, expect, test } from 'vitest';
import { CloudError } from '../../src/cloud/cloud-error.ts';
import { createResource } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { useProtocolWorld } from './protocol-world.ts';
import type { Behaviour } from './small-cloud.ts';
import { volumeRequest, volumeWorld } from './volume-world.ts';

const at = useProtocolWorld();
const posts = (): number => at.cloud.asked('POST');
const world = (timeout_ms?: number) => volumeWorld(at.sql, at.cloud.url, timeout_ms);
const stateOf = async (key: string): Promise<string | undefined> => (await findCloudResource(at.sql, volumeRequest(key).urn))?.state;

describe('createResource', () => {
  test('notes the intent before it asks, and the id after', async () => {
    const request = volumeRequest('run/1');
    const made = await createResource(world(), request);
    expect(at.cloud.requests.map((line) => line.split('?')[0])).toEqual(['GET /v2/volumes', 'POST /v2/volumes']);
    expect([...at.cloud.volumes.keys()]).toEqual([made.provider_id]);
    const row = await findCloudResource(at.sql, request.urn);
    expect(row).toMatchObject({
      ...made,
      state: 'creating',
      posts: 1,
      saga_id: 'run-1',
      name: request.name,
      tag: request.tag,
      desired_spec: request.spec,
    });
    expect(row?.observed).toMatchObject({ region: 'fra1', size_gigabytes: 1 });
  });

  test('asks the cloud nothing when the ledger has the id', async () => {
    const first = await createResource(world(), volumeRequest('again'));
    const asked = at.cloud.requests.length;
    expect(await createResource(world(), volumeRequest('again'))).toEqual(first);
    expect(at.cloud.requests.length).toBe(asked);
  });
});

describe('a POST whose turn is long in coming', () => {
  test('is not claimed before it can go, so that its time does not run', async () => {
    const on = world();
    const request = volumeRequest('queued');
    const limited = new CloudError('RATE_LIMITED', 'none is free', { outcome: 'refused', retryable: true, retry_after_ms: 7000 });
    const port = { ...on.port, prepare: async () => await Promise.reject(limited) };
    await expect(createResource({ ...on, port }, request)).rejects.toBe(limited);
    expect(await findCloudResource(at.sql, request.urn)).toMatchObject({ state: 'intended', posts: 0 });
    expect(posts()).toBe(0);
  });
});

describe('a POST of unknown outcome', () => {
  const unknowns: [string, Behaviour][] = [
    ['the connection is cut', 'done, then cut'],
    ['nothing comes in time', 'done, then silence'],
    ['it is answered 500', { status: 500, done: true }],
    ['it is answered 503 with retry-after', { status: 503, done: true, headers: { 'retry-after': '1' } }],
    ['it is answered 202 with HTML', { status: 202, done: true, body: '<html>' }],
    ['it is answered 201 without an id', { status: 201, done: true, body: { volume: { name: 'x' } } }],
  ];
  test.each(unknowns)('is adopted when %s', async (_, behaviour) => {
    at.cloud.next('POST', behaviour);
    const on = world(300);
    const made = await createResource(on, volumeRequest('unknown'));
    expect([...at.cloud.volumes.keys()]).toEqual([made.provider_id]);
    expect(posts()).toBe(1);
    expect(on.clock.slept).toEqual([]);
  });

  test('is looked for a second time a gap later, and found though it was not shown at first', async () => {
    at.cloud.next('POST', 'done, then cut');
    const on = world();
    at.cloud.hide(2);
    await createResource(on, volumeRequest('lag'));
    expect([posts(), at.cloud.volumes.size, at.cloud.asked('GET')]).toEqual([1, 1, 3]);
    expect(on.clock.slept).toEqual([60_000]);
  });

  test('is followed by another when two looks a gap apart find nothing', async () => {
    at.cloud.next('POST', 'cut');
    const on = world();
    await createResource(on, volumeRequest('lost'));
    expect([posts(), at.cloud.volumes.size]).toEqual([2, 1]);
    expect(on.clock.slept).toEqual([60_000]);
  });

  test('is followed by two more at most, then by nobody but a person', async () => {
    at.cloud.next('POST', 'cut', 'cut', 'cut');
    await expect(createResource(world(), volumeRequest('given up'))).rejects.toMatchObject({ code: 'CREATE_UNRESOLVED', retryable: false });
    expect(await stateOf('given up')).toBe('suspect');
    await expect(createResource(world(), volumeRequest('given up'))).rejects.toMatchObject({ code: 'CREATE_UNRESOLVED' });
    expect(posts()).toBe(3);
  });

  test('is suspect while nobody can look, and settled when somebody can', async () => {
    at.cloud.next('POST', 'done, then cut');
    const on = world();
    at.cloud.next('GET', { status: 200, body: { volumes: [], meta: { total: 0 } } }, { status: 503 });
    await expect(createResource(on, volumeRequest('down'))).rejects.toMatchObject({ status: 503, retryable: true });
    expect(await findCloudResource(at.sql, volumeRequest('down').urn)).toMatchObject({
      state: 'suspect',
      problem: expect.stringContaining('503'),
    });
    await createResource(on, volumeRequest('down'));
    expect([posts(), at.cloud.volumes.size, await stateOf('down')]).toEqual([1, 1, 'creating']);
  });
});

describe('what cannot be made', () => {
  test('is none of several that have its name', async () => {
    at.cloud.next('POST', { status: 500 });
    const request = volumeRequest('twice');
    const body = { name: request.name, tags: [], size_gigabytes: 1, region: 'fra1' };
    const on = world();
    on.clock.onSleep = async () => {
      for (const _ of [1, 2]) await fetch(`${at.cloud.url}/v2/volumes`, { method: 'POST', body: JSON.stringify(body) });
    };
    await expect(createResource(on, request)).rejects.toMatchObject({
      code: 'CREATE_AMBIGUOUS',
      message: expect.stringContaining('vol-1, vol-2'),
    });
    expect([await stateOf('twice'), at.cloud.volumes.size]).toEqual(['suspect', 2]);
  });

  test.each([
    [422, 'UNPROCESSABLE', false],
    [403, 'FORBIDDEN', false],
    [429, 'TOO_MANY_REQUESTS', true],
  ])('is passed on when it was refused with %i, and owes nothing then', async (status, code, retryable) => {
    at.cloud.next('POST', { status, body: { id: 'no', message: 'limit' }, headers: { 'retry-after': '29' } });
    await expect(createResource(world(), volumeRequest('refused'))).rejects.toMatchObject({ code, retryable, request_id: 'req-1' });
    expect(await findCloudResource(at.sql, volumeRequest('refused').urn)).toMatchObject({ state: 'intended', posts: 0 });
    const on = world();
    await createResource(on, volumeRequest('refused'));
    expect([at.cloud.volumes.size, on.clock.slept]).toEqual([1, []]);
  });

  test('is another intent under a urn, or the same one once it was deleted', async () => {
    const request = volumeRequest('fixed');
    await createResource(world(), request);
    const larger = { ...request, spec: { region: 'fra1', size_gigabytes: 2 } };
    await expect(createResource(world(), larger)).rejects.toMatchObject({ code: 'INTENT_CHANGED' });
    await deleteResource(world(), request);
    await expect(createResource(world(), request)).rejects.toMatchObject({ code: 'INTENT_WITHDRAWN' });
    const anew = { ...volumeRequest('fixed/1'), urn: request.urn };
    await createResource(world(), anew);
    expect(await findCloudResource(at.sql, request.urn)).toMatchObject({ spec_version: 2, state: 'creating', posts: 1, name: anew.name });
    expect(at.cloud.volumes.size).toBe(1);
  });

  test('is what has a name that others may give, unlike what has its deterministic name, in any case and on any page', async () => {
    const request = volumeRequest('paged');
    const put = async (name: string) =>
      await fetch(`${at.cloud.url}/v2/volumes`, {
        method: 'POST',
        body: JSON.stringify({ name, tags: [], size_gigabytes: 1, region: 'fra1' }),
      });
    for (let i = 0; i < 250; i++) await put(i === 230 ? request.name.toUpperCase() : i === 240 ? 'data' : `other-${i}`);
    expect(await createResource(world(), request)).toMatchObject({ provider_id: 'vol-231' });
    await expect(createResource(world(), volumeRequest('human', { name: 'data' }))).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(posts()).toBe(250);
  });
});
