import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createProvisionActivities } from '../../src/activities/provision.ts';
import { serveSteps } from '../../src/activities/serve-steps.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ResourceLedger } from '../../src/contracts/cloud.ts';
import type { StepReturn } from '../../src/contracts/step-call.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { VirtualClock } from '../cloud/virtual-clock.ts';
import { testApi } from '../cloud/volume-world.ts';
import { createTestDatabase } from '../support/postgres.ts';

/** The activities of the kind `provision`, on a database and emulators of their own. */
export interface ProvisionRig {
  /** Of the present test; `anew` makes one. */
  readonly emulator: Emulator;
  readonly clock: VirtualClock;
  readonly ledger: ResourceLedger;
  anew(): Promise<() => Promise<void>>;
  /** Runs an activity as the step `s` of a saga does. */
  run(name: 'executeStep' | 'compensateStep', input: object, options?: { saga_id?: string; token?: boolean }): Promise<unknown>;
  stop(): Promise<void>;
}

export const URN = 'urn:cerebros:s:volume:data';
export const CALL: ProvisionCall = {
  module: 'create_volume',
  urn: URN,
  inputs: { spec: { region: 'fra1', size_gigabytes: 1 } },
  context: {},
};
export const UNKNOWN = { status: 'unknown', error: { code: 'X', message: 'x' } } as const;
export const WEB = 'urn:cerebros:s:droplet:web';
export const MACHINE = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
export const WEB_CALL: ProvisionCall = { module: 'create_droplet', urn: WEB, inputs: { spec: MACHINE }, context: {} };

export async function createProvisionRig(): Promise<ProvisionRig> {
  const database = await createTestDatabase();
  const sql: Sql = openLedger(database.url);
  const ledger = createResourceLedger(sql);
  let clock = new VirtualClock();
  let emulator: Emulator | undefined;
  const current = (): Emulator => {
    if (!emulator) throw new Error('expected anew() before each test');
    return emulator;
  };
  return {
    get emulator() {
      return current();
    },
    get clock() {
      return clock;
    },
    ledger,
    anew: async () => {
      await sql`truncate cloud_resources, cloud_provisioned cascade`;
      clock = new VirtualClock();
      emulator = await createEmulator({ clock });
      return async () => await current().close();
    },
    run: async (name, input, { saga_id = 'one', token = true } = {}) => {
      const api = testApi(current().url);
      const cloud = token ? { api, port: digitalOceanPort(api), clock, gap_ms: 1000 } : null;
      const served = serveSteps(createProvisionActivities({ ledger, cloud }));
      const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      const call = { saga_id, step_name: 's', idempotency_key: `${saga_id}/r/0.0/do/0` };
      const { output }: StepReturn = await environment.run(served[name], input, call);
      return output;
    },
    stop: async () => {
      await closeLedger(sql);
      await database.drop();
    },
  };
}

export async function failureOf(running: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  if (error instanceof ApplicationFailure) return error;
  throw new Error(`expected an ApplicationFailure, got ${String(error)}`);
}
