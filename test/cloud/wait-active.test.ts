import { beforeEach, expect, test } from 'vitest';
import { createResource } from '../../src/cloud/create-protocol.ts';
import type { ProtocolDependencies } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { waitActive } from '../../src/cloud/wait-active.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { useLedger } from './cloud-ledger.ts';
import { startAnswers } from './answers.ts';
import type { Answers } from './answers.ts';
import { droplet } from './digitalocean/droplet.ts';
import { VirtualClock } from './virtual-clock.ts';
import { testApi, volumeRequest } from './volume-world.ts';

const EMPTY = { body: { droplets: [], meta: { total: 0 } } };
const ABSENT = { status: 404, body: { id: 'not_found', message: 'none' } };
const request = volumeRequest('droplet', { type: 'droplet', spec: { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' } });

const { sql } = useLedger();
let answers: Answers;
let on: ProtocolDependencies & { readonly clock: VirtualClock };
beforeEach(async () => {
  answers = await startAnswers();
  on = { port: digitalOceanPort(testApi(answers.url)), ledger: createResourceLedger(sql), clock: new VirtualClock() };
  const accepted = {
    droplet: droplet(7, { name: request.name, status: 'new' }),
    links: { actions: [{ id: 99, rel: 'create', href: '' }] },
  };
  answers.say(EMPTY, EMPTY, { status: 202, body: accepted });
  await createResource(on, request);
  return async () => await answers.close();
});

test('waits through not being found, being new, and no answer, and marks it active', async () => {
  const action = { body: { action: { id: 99, type: 'create', status: 'in-progress' } } };
  answers.say(ABSENT, action, { body: { droplet: droplet(7, { status: 'new' }) } }, { status: 503 }, { body: { droplet: droplet(7) } });
  expect(await waitActive(on, request)).toMatchObject({ provider_id: '7', observed: { status: 'active' } });
  expect(on.clock.slept).toEqual([5_000, 5_000, 5_000]);
  expect(await findCloudResource(sql, request.urn)).toMatchObject({ state: 'active', observed: { id: 7, status: 'active' } });
});

test('ends when the action of what was accepted has failed', async () => {
  answers.say(ABSENT, { body: { action: { id: 99, type: 'create', status: 'errored' } } });
  await expect(waitActive(on, request)).rejects.toMatchObject({ code: 'CREATE_FAILED', retryable: false });
  expect(answers.lines.slice(-2)).toEqual(['GET /v2/droplets/7', 'GET /v2/actions/99']);
});

test.each([
  ['is not there', ABSENT, 'RESOURCE_VANISHED', false],
  ['is not ready', { body: { droplet: droplet(7, { status: 'new' }) } }, 'NOT_ACTIVE_IN_TIME', true],
])('ends at its deadline when the droplet %s', async (_, answer, code, retryable) => {
  answers.sayAlways(answer);
  await expect(waitActive(on, request, { timeout_ms: 60_000 })).rejects.toMatchObject({ code, retryable });
  expect(on.clock.slept).toHaveLength(12);
});

test('ends when the token is refused', async () => {
  answers.say({ status: 401 });
  await expect(waitActive(on, request)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

test('does not bring back what was deleted meanwhile', async () => {
  answers.say({ body: { droplet: droplet(7, { status: 'new' }) } }, { status: 204 }, { body: { droplet: droplet(7) } });
  on.clock.onSleep = async () => void (await deleteResource(on, request));
  await expect(waitActive(on, request)).rejects.toMatchObject({ code: 'INTENT_WITHDRAWN' });
  expect(await findCloudResource(sql, request.urn)).toMatchObject({ state: 'deleted' });
});
