import { expect, it } from 'vitest';
import type { Fault, FaultScript } from '../../../src/cloud/emulator/fault-script.ts';
import { DROPLET, emulated, madeDroplet, send, TOKEN, type Rig } from './rig.ts';

const CREATE = { method: 'POST', path: '^/v2/droplets$' } as const;

it.each<[Fault, Partial<FaultScript>, object]>([
  ['429', { retry_after: 29 }, { status: 429, body: { id: 'too_many_requests' }, retryAfter: '29' }],
  ['429_hourly', {}, { status: 429, retryAfter: null }],
  ['500_before', {}, { status: 500, body: { id: 'server_error', request_id: expect.any(String) } }],
  ['500_before', { status: 503 }, { status: 503 }],
  ['401', {}, { status: 401, body: { id: 'unauthorized' } }],
  ['403', {}, { status: 403, body: { id: 'forbidden' } }],
  ['404', {}, { status: 404, body: { id: 'not_found' } }],
  ['409', {}, { status: 409, body: { id: 'conflict' } }],
  ['412', {}, { status: 412, body: { id: 'precondition_failed' } }],
  ['422_region', {}, { status: 422, body: { message: 'Region is not available.' } }],
  ['422_locked', {}, { status: 422, body: { message: 'Droplet already has a pending event.' } }],
  ['422_quota', {}, { status: 422, body: { message: expect.stringContaining('droplet limit') } }],
])('answers once with the fault %s %j, without an effect', async (fault, options, expected) => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: CREATE, fault, ...options }]);
  const reply = await send(emulator.url, 'POST /v2/droplets', { body: DROPLET });
  expect({ ...reply, retryAfter: reply.headers.get('retry-after') }).toMatchObject(expected);
  expect(emulator.truth().created).toEqual({});
  expect((await send(emulator.url, 'POST /v2/droplets', { body: DROPLET })).status).toBe(202);
  expect(emulator.faults().fired).toEqual({ [fault]: 1 });
});

it.each<[Fault, Partial<FaultScript>, number]>([
  ['500_after', {}, 500],
  ['500_after', { status: 504 }, 504],
  ['missing_fields', {}, 202],
])('answers with the fault %s %j after the effect', async (fault, options, status) => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: CREATE, fault, ...options }]);
  const reply = await send(emulator.url, 'POST /v2/droplets', { body: DROPLET });
  expect(reply.status).toBe(status);
  expect(reply.body).not.toHaveProperty('droplet');
  expect(emulator.truth().created).toMatchObject({ droplet: 1 });
  expect(emulator.faults().fired).toEqual({ [fault]: 1 });
});

it.each<[Fault, number | undefined]>([
  ['reset_before', undefined],
  ['reset_after', 1],
])('ends the connection by the fault %s', async (fault, created) => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: CREATE, fault }]);
  const error: unknown = await post(emulator.url).catch((failure: unknown) => failure);
  expect(error).toMatchObject({ cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) } });
  expect(emulator.truth().created.droplet).toBe(created);
});

it.each<[Fault, number | undefined]>([
  ['timeout_before', undefined],
  ['timeout_after', 1],
])('never answers under the fault %s', async (fault, created) => {
  const rig = await emulated();
  rig.emulator.addFaults([{ match: CREATE, fault }]);
  const given = new AbortController();
  const waiting = post(rig.emulator.url, given.signal).catch((failure: unknown) => failure);
  await expect.poll(() => rig.emulator.faults().fired).toEqual({ [fault]: 1 });
  expect((await rig.ask('GET /v2/account')).status).toBe(200);
  given.abort();
  expect(await waiting).toMatchObject({ name: 'AbortError' });
  expect(rig.emulator.truth().created.droplet).toBe(created);
});

it('holds an answer back by the fault slow, on its own clock', async () => {
  const { emulator, clock } = await emulated();
  emulator.addFaults([{ match: CREATE, fault: 'slow', delay_ms: 3_600_000 }]);
  let answered = false;
  const waiting = post(emulator.url).finally(() => void (answered = true));
  await expect.poll(() => clock.sleepers()).toBe(1);
  clock.advance(3_599_999);
  expect([clock.sleepers(), answered]).toEqual([1, false]);
  clock.advance(1);
  expect((await waiting).status).toBe(202);
});

it('sends bodies that no client can use by malformed and html_200', async () => {
  const { emulator } = await emulated();
  emulator.addFaults([
    { match: CREATE, fault: 'malformed' },
    { match: CREATE, fault: 'html_200', nth: 2 },
  ]);
  const cut = await post(emulator.url);
  expect([cut.status, cut.headers.get('content-type')]).toEqual([202, 'application/json; charset=utf-8']);
  await expect(cut.json()).rejects.toThrow(SyntaxError);
  const html = await post(emulator.url);
  expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html']);
  expect(await html.text()).toMatch(/^<!doctype html>/);
  expect(emulator.truth().created.droplet).toBe(1);
});

it('sends a body of any size by huge, and stops when the client has had enough', async () => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: { path: 'account' }, fault: 'huge', bytes: 10_000_000 }]);
  emulator.addFaults([{ match: { path: 'tags' }, fault: 'huge', bytes: 2_147_483_648 }]);
  const all = await request(emulator.url, 'GET', '/v2/account');
  expect((await all.arrayBuffer()).byteLength).toBeGreaterThan(10_000_000);
  const endless = await request(emulator.url, 'GET', '/v2/tags');
  const reader = endless.body?.getReader();
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
  await reader?.cancel();
  expect((await request(emulator.url, 'GET', '/v2/vpcs')).status).toBe(200);
});

it('lets an accepted droplet fail and vanish by action_errored', async () => {
  const rig = await emulated();
  rig.emulator.addFaults([{ match: CREATE, fault: 'action_errored' }]);
  const { droplet, links } = await rig.ok('POST /v2/droplets', DROPLET);
  expect(rig.emulator.truth().resources.droplets).toHaveLength(1);
  expect(await actionStatus(rig, links)).toBe('in-progress');
  rig.settle();
  expect(await actionStatus(rig, links)).toBe('errored');
  expect((await rig.ask(`GET /v2/droplets/${droplet.id}`)).status).toBe(404);
  expect(rig.emulator.truth()).toMatchObject({ resources: { droplets: [] }, destroyed: { droplet: 1 } });
});

it('lets an accepted droplet never appear by never_active', async () => {
  const rig = await emulated();
  rig.emulator.addFaults([{ match: CREATE, fault: 'never_active' }]);
  const { droplet, links } = await rig.ok('POST /v2/droplets', DROPLET);
  rig.clock.advance(30 * 24 * 3_600_000);
  expect(await actionStatus(rig, links)).toBe('in-progress');
  expect((await rig.ask(`GET /v2/droplets/${droplet.id}`)).status).toBe(404);
});

it('keeps a fault of actions for a request that starts one, and leaves alone what an errored action was to change', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  rig.emulator.addFaults([{ match: { path: 'droplets' }, fault: 'action_errored' }]);
  await rig.ok(`GET /v2/droplets/${id}`);
  expect(rig.emulator.faults().fired).toEqual({});
  await rig.ok(`POST /v2/droplets/${id}/actions`, { type: 'power_off' });
  rig.settle();
  expect((await rig.ok(`GET /v2/droplets/${id}`)).droplet).toMatchObject({ status: 'active', locked: false });
  expect((await rig.ok(`GET /v2/droplets/${id}/actions`)).actions[0]).toMatchObject({ type: 'power_off', status: 'errored' });
});

it.each<Fault>(['malformed', 'missing_fields', 'huge'])('keeps the fault %s for an answer that has a body', async (fault) => {
  const rig = await emulated();
  await rig.ok('POST /v2/tags', { name: 'a' });
  rig.emulator.addFaults([{ match: { path: 'tags' }, fault }]);
  expect((await rig.ask('DELETE /v2/tags/a')).status).toBe(204);
  expect(rig.emulator.faults()).toMatchObject({ scripts: [{ seen: 1, fired: 0 }] });
});

it('counts matching requests for nth and times, by method and path', async () => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: { method: 'GET', path: '^/v2/(tags|vpcs)$' }, fault: '500_before', nth: 2, times: 2 }]);
  const statuses: number[] = [];
  for (const what of ['GET /v2/tags', 'POST /v2/tags', 'GET /v2/vpcs', 'GET /v2/account', 'GET /v2/tags', 'GET /v2/tags']) {
    const body = what.startsWith('POST') ? { name: 'a' } : undefined;
    statuses.push((await send(emulator.url, what, { body })).status);
  }
  expect(statuses).toEqual([200, 201, 500, 200, 500, 200]);
  expect(emulator.faults()).toMatchObject({ scripts: [{ seen: 4, fired: 2 }], fired: { '500_before': 2 } });
});

it('does not count a fault after the effect where the request was refused, and waits for one that is accepted', async () => {
  const { emulator } = await emulated();
  emulator.addFaults([{ match: CREATE, fault: 'reset_after' }]);
  expect((await send(emulator.url, 'POST /v2/droplets', { body: { ...DROPLET, size: 'none' } })).status).toBe(422);
  expect(emulator.faults().fired).toEqual({});
  await expect(post(emulator.url)).rejects.toThrow('fetch failed');
  expect(emulator.faults().fired).toEqual({ reset_after: 1 });
});

const post = (origin: string, signal?: AbortSignal): Promise<Response> =>
  request(origin, 'POST', '/v2/droplets', { body: JSON.stringify(DROPLET), ...(signal && { signal }) });

const request = (origin: string, method: string, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${origin}${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` }, ...init });

async function actionStatus(rig: Rig, links: { actions: { id: number }[] }): Promise<string> {
  return (await rig.ok(`GET /v2/actions/${links.actions[0]?.id}`)).action.status;
}
