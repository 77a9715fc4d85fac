import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReentryResult } from '../../src/client/reenter.ts';
import { showRun } from '../../src/client/show.ts';
import type { GivenJobDefinition } from '../../src/contracts/job.ts';
import type { SagaRun, SagaRunRow } from '../../src/contracts/ledger.ts';
import type { ProgressObject } from '../../src/contracts/progress.ts';
import { bareEnv, ROOT } from '../support/cli.ts';
import { asks, startJobWorld, type JobWorld } from '../support/job-world.ts';
import { until } from '../support/until.ts';

let world: JobWorld;
beforeAll(async () => void (world = await startJobWorld()));
afterAll(() => world.stop());

const STEPS = ['list', 'prices', 'stock', 'join', 'publish'];

/** Five steps, one after the other. */
function catalogue(max_retries: number): GivenJobDefinition {
  const steps = STEPS.map((name, idx) =>
    asks(name, { max_retries, estimated_duration: idx + 1, ...(idx === 0 ? {} : { dependencies: [idx - 1] }) }),
  );
  return { name: 'catalogue', steps };
}

const input = (job: string, max_retries: number): string => JSON.stringify({ definition: catalogue(max_retries), inputs: job });
const askedOf = (job: string): string[] =>
  world.source.asked.filter((path) => path.startsWith(`/${job}/`)).map((path) => path.slice(job.length + 2));

/** Asks for the progress again and again until it has one of these states. */
async function followed(id: string, ...states: readonly string[]): Promise<ProgressObject[]> {
  const samples: ProgressObject[] = [];
  await until(async () => {
    const sample = await world.jobs.getWorkflowProgress(id);
    samples.push(sample);
    return states.includes(sample.status);
  });
  return samples;
}

const stockOf = async (id: string): Promise<unknown> => (await world.jobs.getWorkflowProgress(id)).tasks[2];

function expectSound(samples: readonly ProgressObject[]): void {
  for (const [idx, { progress, tasks, total_steps, ...counts }] of samples.entries()) {
    expect(progress).toBeGreaterThanOrEqual(samples[idx - 1]?.progress ?? 0);
    expect(progress).toBeLessThanOrEqual(100);
    const count = (...statuses: readonly string[]): number => tasks.filter((task) => statuses.includes(task.status)).length;
    expect(total_steps).toBe(tasks.length);
    expect(counts.completed_tasks).toBe(count('completed', 'skipped'));
    expect(counts.failed_tasks).toBe(count('failed'));
    expect(counts.running_tasks).toBe(count('running', 'retrying'));
    const rest = count('pending', 'queued', 'cancelled');
    expect(counts.completed_tasks + counts.failed_tasks + counts.running_tasks + rest).toBe(total_steps);
  }
}

/** What the progress object is while the worker of the stack does not move. */
async function withoutWorker(id: string): Promise<ProgressObject> {
  const pid = world.stack.stackFile().pids['worker'] ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    return await world.jobs.getWorkflowProgress(id);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

describe('a job whose source goes down at its third step', () => {
  let id: string;

  it('is noted as pending, and known to nobody else, until it is started', async () => {
    id = await world.jobs.createWorkflow('import-7', catalogue(1), { team: 'shop' }, { inputs: 'seven' });
    expect(await world.jobs.getWorkflowByJob('import-7')).toMatchObject({
      id,
      status: 'pending',
      run_id: null,
      metadata: { team: 'shop' },
    });
    expect(await world.jobs.getWorkflowProgress(id)).toMatchObject({ job_id: 'import-7', status: 'pending', progress: 0, total_steps: 5 });
    await expect(world.stack.client.workflow.getHandle(id).describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });

  it('fails after its retries with everything kept, and is listed as recoverable', async () => {
    const { source } = world;
    source.hold('/seven/stock');
    await world.jobs.startWorkflow(id);
    const following = followed(id, 'failed');
    await until(() => askedOf('seven').length === 3);
    expect(await stockOf(id)).toMatchObject({ status: 'running', retry_count: 0 });
    source.down('/seven/stock');
    source.release();
    source.hold('/seven/stock');
    await until(() => askedOf('seven').length === 4);
    expect(await stockOf(id)).toMatchObject({ status: 'retrying', retry_count: 1, error_message: expect.stringMatching(/503/) as string });
    source.release();
    const samples = await following;
    expectSound(samples);
    const failed = samples.at(-1);
    expect(failed).toMatchObject({ current_step: 'stock', completed_tasks: 2, failed_tasks: 1, eta_s: null, progress: 20 });
    expect(failed?.tasks[2]).toMatchObject({
      type: 'http',
      status: 'failed',
      retry_count: 1,
      error_message: expect.stringMatching(/503/) as string,
    });
    expect(failed?.waiting_on).toEqual(['recover or rollback']);
    expect(await withoutWorker(id)).toEqual(failed);
    expect(askedOf('seven')).toEqual(['list', 'prices', 'stock', 'stock']);
    const idsOf = (rows: readonly SagaRunRow[]): string[] => rows.map((row) => row.id);
    expect(idsOf(await world.stack.ask<SagaRunRow[]>(['list', '--recoverable']))).toEqual([id]);
    expect(idsOf(await world.jobs.getFailedWorkflows({ kind: 'job' }))).toEqual([id]);
    expect(idsOf(await world.jobs.getActiveWorkflows())).toEqual([]);
  });

  it('says what a recovery would do, and does it once the source is back', async () => {
    const preview = await world.stack.ask<ReentryResult>(['recover', id, '--from-step', 'stock', '--dry-run']);
    const names = (refs: ReentryResult['preview']['run']): string[] => refs.map((ref) => ref.step_name);
    expect(names(preview.preview.reused)).toEqual(['list', 'prices']);
    expect(names(preview.preview.run)).toEqual(['stock', 'join', 'publish']);
    expect(preview.run_id).toBeNull();
    world.source.down();
    await world.stack.ask(['recover', id, '--from-step', 'stock']);
    const samples = await followed(id, 'completed');
    expectSound(samples);
    expect(samples.at(-1)).toMatchObject({ progress: 100, recovery_attempts: 1, completed_tasks: 5, current_step: null, waiting_on: [] });
    expect(await withoutWorker(id)).toEqual(samples.at(-1));
    expect(askedOf('seven')).toEqual(['list', 'prices', 'stock', 'stock', 'stock', 'join', 'publish']);
    expect((await world.jobs.getWorkflow(id)).result).toMatchObject({ list: { path: '/seven/list' }, stock: { path: '/seven/stock' } });
    expect((await world.stack.cli(['ledger', 'verify', id])).code).toBe(0);
  });
});

describe('a job', () => {
  it('is refused with exit 5 when it has been recovered as often as it may be', async () => {
    world.source.down('/weak/prices');
    const start = ['start', 'job', '--input', '-', '--id', 'weak', '--max-recovery-attempts', '1', '--wait'];
    const run = await world.stack.ask<SagaRun>(start, { input: input('weak', 0), code: 1 });
    expect(run).toMatchObject({ kind: 'job', status: 'halted', job_id: 'weak' });
    const recover = ['recover', 'weak', '--from-step', 'prices'];
    expect((await world.stack.cli([...recover, '--wait'])).code).toBe(1);
    const { code, stderr } = await world.stack.cli(recover);
    expect(code).toBe(5);
    expect(stderr).toContain('recovered 1 times, at most 1 are allowed');
    expect((await world.jobs.getRecoverableWorkflows()).map((row) => row.id)).toEqual([]);
    expect((await world.jobs.getFailedWorkflows()).map((row) => row.id)).toEqual(['weak']);
  });

  it('takes a result for a step that is skipped, which then nobody runs; while it waits, progress stands still and is the same without a worker', async () => {
    world.source.hold('/skipping/list');
    await world.stack.ask(['start', 'job', '--input', '-', '--id', 'skipping'], { input: input('skipping', 0) });
    await until(() => askedOf('skipping').length === 1);
    await world.stack.ask(['skip', 'skipping', 'stock', '--result', '-'], { input: '{"counted":"by hand"}' });
    await world.jobs.pauseWorkflow('skipping');
    world.source.release();
    const paused = await until(async () => {
      const progress = await world.jobs.getWorkflowProgress('skipping');
      return progress.completed_tasks === 2 ? progress : undefined;
    });
    expect(paused).toMatchObject({ status: 'paused', paused: true, current_step: 'prices', running_tasks: 0, waiting_on: ['resume'] });
    await until(async () => (await showRun(world.cerebros, 'skipping')).steps[0]?.status === 'completed');
    expect(await withoutWorker('skipping')).toEqual(paused);
    await world.jobs.resumeWorkflow('skipping');
    const samples = await followed('skipping', 'completed');
    expectSound([paused, ...samples]);
    expect(samples.at(-1)?.tasks.map((task) => task.status)).toEqual(['completed', 'completed', 'skipped', 'completed', 'completed']);
    expect(samples.at(-1)).toMatchObject({ progress: 100, completed_tasks: 5 });
    expect(askedOf('skipping')).toEqual(['list', 'prices', 'join', 'publish']);
    expect((await world.jobs.getWorkflow('skipping')).context).toMatchObject({ stock: { counted: 'by hand' } });
  });

  it('undoes everything when it is told to', async () => {
    world.source.down('/undone/stock');
    const definition = catalogue(0);
    const steps = definition.steps.map((step) => ({ ...step, undo: 'takeBack' }));
    const given = JSON.stringify({ definition: { ...definition, steps }, inputs: 'undone' });
    const start = ['start', 'job', '--input', '-', '--id', 'undone', '--on-failure', 'undo', '--wait'];
    expect(await world.stack.ask<SagaRun>(start, { input: given, code: 1 })).toMatchObject({ status: 'rolled_back' });
    expect(askedOf('undone')).toEqual(['list', 'prices', 'stock', 'undo-stock', 'undo-prices', 'undo-list']);
  });

  it('runs steps of external workers too, of the sort that they say, by the handler that they name', async () => {
    const external = asks('abroad', { handler: 'answerAbroad', undo: 'takeBackAbroad', external: true });
    const id = await world.jobs.createWorkflow('abroad', { name: 'abroad', steps: [external] }, {}, { inputs: { country: 'elsewhere' } });
    expect(await world.jobs.executeWorkflow(id)).toMatchObject({ status: 'completed', result: { abroad: { country: 'elsewhere' } } });
    expect((await world.jobs.getWorkflowProgress(id)).tasks[0]).toMatchObject({ type: 'http', status: 'completed' });
  });

  it('of the example is served, created, run and waited for by one program', async () => {
    const program = spawn(process.execPath, [join(ROOT, 'dist', 'examples', 'job.js')], {
      env: { ...bareEnv(), CEREBROS_DATA_DIR: world.stack.dataDir },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    program.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    expect(await new Promise((resolve) => program.once('close', resolve))).toBe(0);
    expect(said).toMatch(/^created job-[0-9a-f]{8}\ncompleted 9 words, the longest is steps\n$/);
  });
});
