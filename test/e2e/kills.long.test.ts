import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { bareEnv, cli, MAIN, makeDataDir, startDev, type DevStack } from '../support/cli.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';
import { artifacts, closed, mnist, resultOf, startTraining, trained } from '../support/training.ts';
import { until } from '../support/until.ts';

/** Eight epochs of about a second, a segment every two. */
const INPUT = mnist({ epochs: 8, dataset_limit: { train: 20_000 } }, { checkpoint_interval: 2 });

describe('a training whose worker is killed', () => {
  let stack: DevStack;
  let undisturbed: SagaRun;
  beforeAll(async () => {
    stack = await startDev();
    undisturbed = await trained(stack, 'undisturbed', INPUT);
  });
  afterAll(() => stack.stop());

  it.each([1, 2, 3, 4, 5])(
    'goes on from its checkpoint to the same model: killed after epoch %d',
    async (epoch) => {
      const id = `killed-${epoch}`;
      const deaths = deathsIn(stack);
      await startTraining(stack, id, INPUT);
      await until(async () => (await knownEpoch(stack, id)) >= epoch, 60_000, `a checkpoint of epoch ${epoch} that Temporal knows of`);
      const { worker = 0 } = stack.stackFile().pids;
      process.kill(worker, 'SIGKILL');
      const next = await until(
        () => stack.stackFile().pids['worker'] !== worker && stack.stackFile().pids['worker'],
        60_000,
        'another worker',
      );
      const run = await closed(stack, id);
      expect(resultOf(run).model_sha256).toBe(resultOf(undisturbed).model_sha256);
      expect(deathsIn(stack)).toBe(deaths + 1);
      expect(next).toBe(stack.stackFile().pids['worker']);
      const resumed = new RegExp(`training ${id}: attempt 2 resumed at epoch (\\d+)`).exec(stack.log());
      expect(Number(resumed?.[1]), stack.log().slice(-1500)).toBeGreaterThanOrEqual(epoch);
      expect(
        artifacts(stack)
          .filter((file) => file.startsWith(`runs/${id}/`))
          .toSorted(),
      ).toEqual([`runs/${id}/model.bin`, `runs/${id}/run.json`]);
      expect((await stack.cli(['ledger', 'verify', id])).code).toBe(0);
    },
    180_000,
  );
});

describe('a training whose Temporal is killed', () => {
  let servers: OwnServers;
  const dataDir = makeDataDir();
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    servers = await startOwnServers();
    env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  });
  afterAll(async () => {
    await servers.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = (id: string, ...flags: readonly string[]) =>
    cli(['start', 'training-run', '--input', '-', '--id', id, ...flags], { input: INPUT, env });
  const checkpoint = (id: string, epoch: number): Promise<unknown> =>
    until(() => existsSync(join(dataDir, 'artifacts', 'runs', id, `epoch-${epoch}.ckpt`)), 60_000, `the checkpoint of epoch ${epoch}`);

  it('waits for it, and completes with the same model', async () => {
    const worker = spawn(process.execPath, [MAIN, 'worker'], { env: { ...bareEnv(), ...env }, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => worker.once('exit', resolve));
    try {
      const undisturbed = (await start('undisturbed', '--wait')).json as SagaRun;
      await start('outage');
      await checkpoint('outage', 1);
      await servers.killTemporal();
      // The worker trains on to the end of its segment, without anyone to tell.
      await checkpoint('outage', 2);
      await servers.startTemporal();
      await checkpoint('outage', 5);
      await servers.killTemporal();
      await servers.startTemporal();
      const run = (await start('outage', '--wait')).json as SagaRun;
      expect(resultOf(run).model_sha256).toBe(resultOf(undisturbed).model_sha256);
      expect(worker.exitCode).toBeNull();
      expect((await cli(['ledger', 'verify'], { env })).json).toMatchObject({ agrees: true, counts: { ok: 2 } });
    } finally {
      worker.kill('SIGTERM');
      await ended;
    }
  }, 240_000);
});

/** How often `dev` has seen its worker killed. */
function deathsIn(stack: DevStack): number {
  return stack.log().split('the worker died (SIGKILL)').length - 1;
}

/** Epoch of the last checkpoint that Temporal knows of, by the heartbeat of the job's segment; 0 before there is one. */
async function knownEpoch({ client }: DevStack, id: string): Promise<number> {
  const job = await client.workflow
    .getHandle(`${id}.train`)
    .describe()
    .catch(() => undefined);
  const payload = job?.raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
  if (!payload) return 0;
  const { checkpoint } = defaultPayloadConverter.fromPayload<{ readonly checkpoint: string | null }>(payload);
  return Number(/epoch-(\d+)/.exec(checkpoint ?? '')?.[1] ?? 0);
}
