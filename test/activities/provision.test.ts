import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createProvisionActivities } from '../../src/activities/provision.ts';
import { serveSteps } from '../../src/activities/serve-steps.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createDroplet } from '../../src/cloud/digitalocean/droplets.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import { createEmulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { StepReturn } from '../../src/contracts/step-call.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { VirtualClock } from '../cloud/virtual-clock.ts';
import { testApi } from '../cloud/volume-world.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let sql: Sql;
let emulator: Emulator;
let clock: VirtualClock;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});
beforeEach(async () => {
  await sql`truncate cloud_resources, cloud_provisioned`;
  clock = new VirtualClock();
  emulator = await createEmulator({ clock });
  return async () => await emulator.close();
});

const URN = 'urn:cerebros:s:volume:data';
const CALL: ProvisionCall = {
  module: 'create_volume',
  urn: URN,
  inputs: { spec: { region: 'fra1', size_gigabytes: 1 } },
  context: {},
};
const UNKNOWN = { status: 'unknown', error: { code: 'X', message: 'x' } } as const;
type Activity = 'executeStep' | 'compensateStep';

/** Runs an activity as the step `s` of a saga does. */
async function run(name: Activity, input: object, { saga_id = 'one', token = true } = {}): Promise<unknown> {
  const api = testApi(emulator.url);
  const cloud = token ? { api, port: digitalOceanPort(api), clock, gap_ms: 1000 } : null;
  const served = serveSteps(createProvisionActivities({ ledger: createResourceLedger(sql), cloud }));
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const call = { saga_id, step_name: 's', idempotency_key: `${saga_id}/r/0.0/do/0` };
  const { output }: StepReturn = await environment.run(served[name], input, call);
  return output;
}
const failureOf = async (running: Promise<unknown>): Promise<ApplicationFailure> => {
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  if (error instanceof ApplicationFailure) return error;
  throw new Error(`expected an ApplicationFailure, got ${String(error)}`);
};
const volumes = (): readonly { readonly id: string; readonly droplet_id: number | null }[] => emulator.truth().resources.volumes;

describe('a step', () => {
  test('gives the urn and the id of what it made, and nothing else of it', async () => {
    expect(await run('executeStep', CALL)).toEqual({ 'volume:data': { urn: URN, provider_id: volumes()[0]?.id } });
  });

  test('fails with the code of the provider, and when to try again', async () => {
    emulator.addFaults([{ match: { method: 'POST', path: '^/v2/volumes$' }, fault: '429', retry_after: 7 }]);
    const failure = await failureOf(run('executeStep', CALL));
    expect(failure).toMatchObject({ type: 'TOO_MANY_REQUESTS', nonRetryable: false, nextRetryDelay: 7000 });
    expect(failure.cause).toBeUndefined();
  });

  test.each([
    ['what the provider refuses', { inputs: { spec: { region: 'nowhere', size_gigabytes: 1 } } }, 'UNPROCESSABLE'],
    ['a spec that does not fit', { inputs: { spec: { region: 'fra1' } } }, 'INVALID_SPEC'],
    ['a ref to what no step it needs has made', { inputs: { spec: { ref: 'vpc:main' } } }, 'UNKNOWN_REF'],
    ['a volume to attach that is not there', { module: 'attach_volume' }, 'RESOURCE_VANISHED'],
  ])('is not tried again after %s', async (_, part, type) => {
    expect(await failureOf(run('executeStep', { ...CALL, ...part }))).toMatchObject({ type, nonRetryable: true });
  });

  test('puts ids in the place of refs, those of droplets as numbers', async () => {
    const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
    const { droplet } = await createDroplet(testApi(emulator.url), { name: 'web', tags: [], ...machine });
    await clock.sleep(10_000);
    const context = { 'droplet:web': { urn: 'u', provider_id: String(droplet.id) } };
    const inbound_rules = [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }];
    const spec = { droplet_ids: [{ ref: 'droplet:web' }], inbound_rules };
    await run('executeStep', { module: 'create_firewall', urn: 'urn:cerebros:s:firewall:f', inputs: { spec }, context });
    expect(emulator.truth().resources.firewalls).toMatchObject([{ droplet_ids: [droplet.id] }]);
  });
});

describe('an attachment', () => {
  const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
  const attachOf = async (): Promise<ProvisionCall> => {
    await run('executeStep', CALL);
    const droplet = { module: 'create_droplet', urn: 'urn:cerebros:s:droplet:web', inputs: { spec: machine }, context: {} };
    const context = (await run('executeStep', droplet)) as ProvisionCall['context'];
    return { module: 'attach_volume', urn: URN, inputs: { droplet: { ref: 'droplet:web' } }, context };
  };
  const attachedTo = (): readonly (number | null)[] => volumes().map(({ droplet_id }) => droplet_id);

  test.each(['500_after', 'reset_after', 'malformed', '422_locked', '500_before'] as const)(
    'is made once when its POST ends in %s and the step is tried again',
    async (fault) => {
      const attach = await attachOf();
      emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault }]);
      expect(await failureOf(run('executeStep', attach))).toMatchObject({ nonRetryable: false });
      await clock.sleep(10_000);
      expect(await run('executeStep', attach)).toEqual({});
      expect(attachedTo()).toEqual([emulator.truth().resources.droplets[0]?.id]);
      expect(emulator.truth().actions.filter(({ type }) => type === 'attach_volume')).toHaveLength(1);
    },
  );

  test('is where the ledger says', async () => {
    await run('executeStep', await attachOf());
    const row = await createResourceLedger(sql).find(URN);
    expect(row?.observed).toMatchObject({ droplet_ids: attachedTo() });
  });

  test('is taken back with its volume, also when only the volume is', async () => {
    const attach = await attachOf();
    await run('executeStep', attach);
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    await run('compensateStep', { ...attach, outcome: UNKNOWN });
    expect(volumes()).toEqual([]);
  });
});

describe('the undo of what was accepted and has not ended', () => {
  const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
  const WEB = 'urn:cerebros:s:droplet:web';

  test.each([
    ['an attachment', { module: 'attach_volume', urn: URN, inputs: { droplet: { ref: 'droplet:web' } } }],
    ['a power off', { module: 'power_off_droplet', urn: WEB, inputs: {} }],
  ])('%s waits for its end, and then takes it back', async (_, action) => {
    await run('executeStep', CALL);
    const context = await run('executeStep', { module: 'create_droplet', urn: WEB, inputs: { spec: machine }, context: {} });
    const call = { ...action, context };
    emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault: 'reset_after' }]);
    await failureOf(run('executeStep', call));
    const undo = (): Promise<unknown> => run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(await failureOf(undo())).toMatchObject({ type: 'LOCKED', nonRetryable: false });
    await clock.sleep(10_000);
    await undo();
    const { droplets } = emulator.truth().resources;
    expect([droplets[0]?.status, volumes()[0]?.droplet_id]).toEqual(['active', null]);
  });
});

describe('the undo of a step', () => {
  test('takes back what may have been made, and may be called again', async () => {
    await run('executeStep', CALL);
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toEqual([]);
  });

  test("leaves alone another saga's resource of the same urn", async () => {
    await run('executeStep', CALL);
    expect(await failureOf(run('executeStep', CALL, { saga_id: 'two' }))).toMatchObject({ type: 'INTENT_CHANGED', nonRetryable: true });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN }, { saga_id: 'two' });
    expect(volumes()).toHaveLength(1);
  });

  test('leaves alone what is not in the ledger', async () => {
    await createVolume(testApi(emulator.url), { name: 'by-hand', region: 'fra1', size_gigabytes: 1, tags: [] });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toHaveLength(1);
  });
});

describe('without a token', () => {
  test('a step fails for good, and its undo has nothing to do', async () => {
    const failure = await failureOf(run('executeStep', CALL, { token: false }));
    expect(failure).toMatchObject({ type: 'CLOUD_NOT_CONFIGURED', nonRetryable: true });
    expect(failure.message).toContain('CEREBROS_CLOUD_TOKEN');
    expect(await run('compensateStep', { ...CALL, outcome: UNKNOWN }, { token: false })).toBeNull();
  });

  test('the undo of what was made fails for good, so that it is not forgotten', async () => {
    await run('executeStep', CALL);
    const failure = await failureOf(run('compensateStep', { ...CALL, outcome: UNKNOWN }, { token: false }));
    expect(failure).toMatchObject({ type: 'CLOUD_NOT_CONFIGURED', nonRetryable: true });
  });
});
