import { ApplicationFailure, Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createKeepValue } from '../../src/activities/keep-value.ts';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { serveSteps, type StepContext } from '../../src/activities/serve-steps.ts';
import type { LedgerBatch } from '../../src/contracts/ledger.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { testBundle, type Rig } from './rig.ts';
import { createScriptedActivities } from './scripted-activities.ts';

/** Where a run is stopped: at an effect by name (`do a`, `did a`, `undo a`, `undid a`), or at the n-th flush, begun and ended ones counted. */
export type HoldAt = string | number;

interface Hold {
  readonly at: HoldAt;
  held: boolean;
  flushes: number;
  runId?: string;
  readonly reached: Promise<string>;
  tell(point: string): void;
  readonly released: Promise<void>;
  release(): void;
}

/** Stops runs before or after an effect or a flush. A run that was stopped never acts again, as if its worker had died; a later run of the same id is free. */
export class Holds {
  readonly #holds = new Map<string, Hold>();

  /** Stops the next run of this id. `reached` resolves to where it stands then, `flushes` tells how many flush points it has come to. */
  set(id: string, at: HoldAt): { readonly reached: Promise<string>; release(): void; flushes(): number } {
    const reached = deferred<string>();
    const released = deferred<void>();
    const hold: Hold = {
      at,
      held: false,
      flushes: 0,
      reached: reached.promise,
      tell: reached.resolve,
      released: released.promise,
      release: () => released.resolve(),
    };
    this.#holds.set(id, hold);
    return { reached: hold.reached, release: hold.release, flushes: () => hold.flushes };
  }

  /** Called by activities; throws when the run was stopped. */
  async pass(what: string): Promise<void> {
    const { workflowId, runId } = Context.current().info.workflowExecution ?? {};
    const hold = this.#holds.get(workflowId ?? '');
    if (!hold || (hold.runId !== undefined && hold.runId !== runId)) return;
    if (runId !== undefined) hold.runId = runId;
    if (what.startsWith('flush')) hold.flushes += 1;
    hold.held ||= hold.at === what || hold.at === hold.flushes;
    if (!hold.held) return;
    hold.tell(what);
    await hold.released;
    throw ApplicationFailure.nonRetryable('the worker of this run is dead', 'DEAD');
  }
}

/** A worker on the rig's queue whose runs can be held. */
export async function serveHeld(rig: Rig, holds: Holds): Promise<{ stop(): Promise<void> }> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address: process.env['CEREBROS_TEST_ADDRESS'] ?? '' });
  const ledger = createLedgerActivities({ sql: rig.sql });
  const worker = await Worker.create({
    connection,
    taskQueue: rig.taskQueue,
    workflowBundle: await testBundle(),
    dataConverter: DATA_CONVERTER,
    activities: {
      ...createKeepValue(),
      ...serveSteps(heldActivities(rig, holds)),
      flushLedger: async (batch: LedgerBatch) => {
        await holds.pass('flush');
        await ledger.flushLedger(batch);
        await holds.pass('flushed');
      },
    },
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '1s',
    maxHeartbeatThrottleInterval: '1s',
  });
  const running = worker.run();
  const stop = async (): Promise<void> => {
    worker.shutdown();
    await running;
    await connection.close();
  };
  return { stop };
}

function heldActivities(rig: Rig, holds: Holds) {
  const { act, undo } = createScriptedActivities(rig.effects, rig.gate);
  return {
    act: async (input: Parameters<typeof act>[0], step: StepContext) => {
      await holds.pass(`do ${step.step_name}`);
      const output = await settle(act(input, step));
      await holds.pass(`did ${step.step_name}`);
      return output.get();
    },
    undo: async (input: Parameters<typeof undo>[0], step: StepContext) => {
      await holds.pass(`undo ${step.step_name}`);
      await undo(input, step);
      await holds.pass(`undid ${step.step_name}`);
      return null;
    },
  };
}

/** A failure is held back too: its effect was made. */
async function settle<T>(promise: Promise<T>): Promise<{ get(): T }> {
  try {
    const value = await promise;
    return { get: () => value };
  } catch (error) {
    return {
      get: () => {
        throw error;
      },
    };
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settled) => {
    resolve = settled;
  });
  return { promise, resolve };
}
