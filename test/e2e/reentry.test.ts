import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { ReentryResult, StepRef } from '../../src/client/index.ts';
import { startDev, type DevStack } from '../support/cli.ts';
import {
  artifacts,
  checkpointOf,
  closed,
  digits,
  jobOf,
  mnist,
  resultOf,
  runDir,
  show,
  startTraining,
  trained,
} from '../support/training.ts';

const DRILL = ['start', 'training-run', '--input', 'examples/training-run-drill.json', '--wait'];
const ALL_UNDONE = ['compensated', 'compensated', 'compensated', 'compensated', 'failed', 'completed'];

const names = (steps: readonly StepRef[]): string[] => steps.map((step) => step.step_name);
const statuses = (run: SagaRun): string[] => run.steps.map((step) => step.status);

let stack: DevStack;
beforeAll(async () => void (stack = await startDev()));
afterAll(() => stack.stop());

describe('a training run that fails after its work', () => {
  const latestRunId = async (id: string): Promise<string> => (await stack.client.workflow.getHandle(id).describe()).runId;

  it('is undone: nothing of it is left', async () => {
    const run = await stack.ask<SagaRun>([...DRILL, '--id', 'drill'], { code: 1 });
    expect(run).toMatchObject({
      status: 'rolled_back',
      error: { reason: 'step_failed:collect_results', compensate_from_idx: 4 },
      result: null,
    });
    expect(statuses(run)).toEqual(ALL_UNDONE);
    expect(existsSync(runDir(stack, 'drill'))).toBe(false);
    expect(artifacts(stack)).toEqual([]);
    expect((await stack.cli(['models', 'show', 'drill'])).code).toBe(4);
    expect(await jobOf(stack.client, 'drill')).toMatchObject({ status: 'COMPLETED' });
    expect((await stack.cli(['ledger', 'verify', 'drill'])).code).toBe(0);
  });

  it('is halted with everything kept, and recovered without training again', async () => {
    const halted = await stack.ask<SagaRun>([...DRILL, '--id', 'halted', '--on-failure', 'halt'], { code: 1 });
    expect(halted).toMatchObject({ status: 'halted', error: { reason: 'step_failed:collect_results' } });
    expect(statuses(halted)).toEqual(['completed', 'completed', 'completed', 'completed', 'failed', 'pending']);
    const [model, checkpoint] = ['model.bin', 'epoch-20.ckpt'].map((file) => join(runDir(stack, 'halted'), file));
    const before = {
      job: await jobOf(stack.client, 'halted'),
      runId: await latestRunId('halted'),
      mtime: statSync(model ?? '').mtimeMs,
      checkpoint: sha256(checkpoint ?? ''),
    };
    expect(await stack.ask<SagaRun[]>(['list', '--recoverable'])).toMatchObject([{ id: 'halted' }]);

    const dry = await stack.ask<ReentryResult>(['recover', 'halted', '--from-step', '4', '--dry-run']);
    expect(names(dry.preview.reused)).toEqual(['validate_inputs', 'prepare_run', 'execute_training', 'monitor_progress']);
    expect(names(dry.preview.undone)).toEqual(['collect_results']);
    expect(names(dry.preview.run)).toEqual(['collect_results', 'cleanup']);
    expect(await latestRunId('halted')).toBe(before.runId);
    expect(await show(stack, 'halted')).toEqual(halted);

    const run = await stack.ask<SagaRun>(['recover', 'halted', '--from-step', '4', '--wait']);
    expect(run).toMatchObject({ status: 'completed', recovery_attempts: 1, root_run_id: before.runId, error: null });
    expect(statuses(run)).toEqual(Array.from({ length: 6 }, () => 'completed'));
    expect(await jobOf(stack.client, 'halted')).toEqual(before.job);
    expect(statSync(model ?? '').mtimeMs).toBe(before.mtime);
    expect(resultOf(run).checkpoint_uri).toBe(`artifact:sha256:${before.checkpoint}`);
    const undisturbed = await trained(stack, 'undisturbed', digits());
    expect(resultOf(undisturbed).model_sha256).toBe(resultOf(run).model_sha256);
    expect((await stack.cli(['ledger', 'verify', 'halted'])).code).toBe(0);
  });

  it('is rolled back after it was halted', async () => {
    await stack.ask([...DRILL, '--id', 'undone', '--on-failure', 'halt', '--set', 'seed=9'], { code: 1 });
    const dry = await stack.ask<ReentryResult>(['rollback', 'undone', '--dry-run']);
    expect(names(dry.preview.undone)).toEqual([
      'validate_inputs',
      'prepare_run',
      'execute_training',
      'monitor_progress',
      'collect_results',
    ]);
    expect(existsSync(runDir(stack, 'undone'))).toBe(true);
    const run = await stack.ask<SagaRun>(['rollback', 'undone']);
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:collect_results', compensate_from_idx: 4 } });
    expect(statuses(run).slice(0, 5)).toEqual(ALL_UNDONE.slice(0, 5));
    expect(existsSync(runDir(stack, 'undone'))).toBe(false);
    expect((await stack.cli(['models', 'show', 'undone'])).code).toBe(4);
  });

  it.each([
    { what: 'a completed run', command: ['recover', 'undisturbed', '--from-step', '0'], says: 'completed' },
    { what: 'a completed run', command: ['rollback', 'undisturbed'], says: 'completed' },
    { what: 'a run that is undone', command: ['rollback', 'undone'], says: 'rolled_back' },
    { what: 'a run with nothing stuck', command: ['undo', 'retry', 'undone'], says: 'nothing that is stuck' },
  ])('refuses $command of $what', async ({ command, says }) => {
    const { code, stdout, stderr } = await stack.cli(command);
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toContain(says);
  });
});

describe('a training run that Temporal ended', () => {
  it('is refused while it is open, unresolved when it was terminated, and undone by a rollback', async () => {
    await startTraining(stack, 'lost', mnist({ epochs: 500 }));
    await checkpointOf(stack, 'lost', 1);
    for (const command of [
      ['recover', 'lost', '--from-step', '0'],
      ['rollback', 'lost'],
      ['undo', 'retry', 'lost'],
    ]) {
      const { code, stderr } = await stack.cli(command);
      expect({ command, code }, stderr).toEqual({ command, code: 5 });
      expect(stderr).toContain('still open');
    }
    await stack.client.workflow.getHandle('lost').terminate('a test');
    await closed(stack, 'lost');
    expect(await jobOf(stack.client, 'lost'), 'the job goes on by itself').toMatchObject({ status: 'RUNNING' });
    expect(await stack.ask(['ledger', 'verify', 'lost'])).toMatchObject({ agrees: true, runs: [{ id: 'lost', status: 'unresolved' }] });

    const run = await stack.ask<SagaRun>(['rollback', 'lost']);
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'terminated', compensate_from_idx: 2 } });
    expect(statuses(run).slice(0, 3)).toEqual(['compensated', 'compensated', 'compensated']);
    expect(run.steps[4]).toMatchObject({ status: 'pending', started_at: null, compensated_at: null });
    expect(await jobOf(stack.client, 'lost')).toMatchObject({ status: 'CANCELLED', pending: 0 });
    expect(existsSync(runDir(stack, 'lost'))).toBe(false);
    expect(await stack.ask(['ledger', 'verify'])).toMatchObject({ agrees: true, counts: { ok: 5 }, runs: [] });
  });
});

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
