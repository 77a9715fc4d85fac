import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createKeepValue } from '../../src/activities/keep-value.ts';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { serveSteps } from '../../src/activities/serve-steps.ts';
import type { LedgerBatch } from '../../src/contracts/ledger.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { openLedger } from '../../src/ledger/connection.ts';
import { EffectsFile } from './effects-file.ts';
import { endedIn, KillSwitch } from './kill-points.ts';
import { createScriptedActivities } from './scripted-activities.ts';
import type { WorkerSettings } from './worker-process.ts';

/** What a provider without idempotency keys is like. */
class ForgetfulEffects extends EffectsFile {
  override has(): boolean {
    return false;
  }
}

/** A worker of the workflow `scripted` in a process of its own, which dies where it is told to. Its settings are its one argument. */
async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
  const kill = new KillSwitch(settings.dir);
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address: settings.address });
  const ledger = createLedgerActivities({ sql: openLedger(settings.databaseUrl) });
  const effects = settings.forgetful ? new ForgetfulEffects(settings.effects) : new EffectsFile(settings.effects);
  const scripted = createScriptedActivities(effects, settings.gate, (at, step, phase, attempt) => kill.here({ step, phase, at, attempt }));
  const worker = await Worker.create({
    connection,
    taskQueue: settings.taskQueue,
    workflowBundle: { codePath: settings.bundle },
    dataConverter: DATA_CONVERTER,
    activities: {
      ...createKeepValue(),
      ...serveSteps(scripted),
      flushLedger: async (batch: LedgerBatch) => {
        for (const end of endedIn(batch, 'after_ack')) kill.here(end);
        await ledger.flushLedger(batch);
        for (const end of endedIn(batch, 'after_flush')) kill.here(end);
      },
    },
    stickyQueueScheduleToStartTimeout: '1s',
    maxHeartbeatThrottleInterval: '1s',
  });
  // The parent's end closes it: a worker never outlives its test.
  process.stdin.on('end', () => process.exit(0)).resume();
  await worker.run();
}

await main();
