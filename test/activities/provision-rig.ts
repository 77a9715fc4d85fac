import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach } from 'vitest';
import { createProvisionActivities } from '../../src/activities/provision.ts';
import { serveSteps } from '../../src/activities/serve-steps.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { EmulatorOptions } from '../../src/cloud/emulator/options.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ResourceLedger } from '../../src/contracts/cloud.ts';
import type { StepReturn } from '../../src/contracts/step-call.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';
import { VirtualClock } from '../cloud/virtual-clock.ts';
import { testApi } from '../cloud/volume-world.ts';

/** The activities of the kind `provision`, on a database and emulators of their own. */
export interface ProvisionRig {
  /** Of the present test. */
  readonly emulator: Emulator;
  readonly clock: VirtualClock;
  readonly ledger: ResourceLedger;
  /** Runs an activity as the step `s` of a saga does. */
  run(name: 'executeStep' | 'compensateStep', input: object, options?: { saga_id?: string; token?: boolean }): Promise<unknown>;
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

/** One for the tests of a file, with an emulator for each. */
export function useProvisionRig(delays: EmulatorOptions['delays'] = {}): ProvisionRig {
  const { sql } = useLedger();
  const ledger = createResourceLedger(sql);
  let [clock, emulator] = [new VirtualClock(), undefined as Emulator | undefined];
  const current = (): Emulator => {
    if (!emulator) throw new Error('expected a test to run, there is none yet');
    return emulator;
  };
  beforeEach(async () => {
    clock = new VirtualClock();
    emulator = await createEmulator({ clock, delays });
    return async () => await current().close();
  });
  return {
    get emulator() {
      return current();
    },
    get clock() {
      return clock;
    },
    ledger,
    run: async (name, input, { saga_id = 'one', token = true } = {}) => {
      const api = testApi(current().url);
      const cloud = token ? { api, port: digitalOceanPort(api), clock, gap_ms: 1000 } : null;
      const served = serveSteps(createProvisionActivities({ ledger, cloud }));
      const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      const call = { saga_id, step_name: 's', idempotency_key: `${saga_id}/r/0.0/do/0` };
      const { output }: StepReturn = await environment.run(served[name], input, call);
      return output;
    },
  };
}

export async function failureOf(running: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  if (error instanceof ApplicationFailure) return error;
  throw new Error(`expected an ApplicationFailure, got ${String(error)}`);
}
