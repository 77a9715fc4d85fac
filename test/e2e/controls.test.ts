import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressObject } from '../../src/contracts/progress.ts';
import { startDev, type DevStack } from '../support/cli.ts';
import { stays } from '../support/stays.ts';
import {
  artifacts,
  checkpointOf,
  closed,
  jobAtRest,
  jobOf,
  mnist,
  resultOf,
  runDir,
  show,
  startTraining,
  trained,
} from '../support/training.ts';

const LONG = mnist({ epochs: 500 });

let stack: DevStack;
beforeAll(async () => void (stack = await startDev()));
afterAll(() => stack.stop());

describe('cancelling a training run', () => {
  const expectNothingLeft = async (id: string): Promise<void> => {
    expect(existsSync(runDir(stack, id))).toBe(false);
    expect(artifacts(stack).filter((file) => file.endsWith('.tmp') || file.includes('epoch-'))).toEqual([]);
    expect((await stack.cli(['models', 'show', id])).code).toBe(4);
  };

  it('cancels a training at once and leaves nothing of it', async () => {
    await startTraining(stack, 'cancelled', LONG);
    await checkpointOf(stack, 'cancelled', 1);
    await stack.ask(['cancel', 'cancelled']);
    const run = await closed(stack, 'cancelled');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(run.steps.map((step) => step.status)).toEqual([
      'compensated',
      'compensated',
      'compensated',
      'cancelled',
      'pending',
      'completed',
    ]);
    expect(await jobOf(stack.client, 'cancelled')).toMatchObject({ status: 'CANCELLED', pending: 0 });
    await expectNothingLeft('cancelled');
    expect((await stack.cli(['ledger', 'verify', 'cancelled'])).code).toBe(0);
  });

  it('cancels after the running step, which finishes', async () => {
    await startTraining(stack, 'after-step', mnist({ epochs: 8 }));
    await checkpointOf(stack, 'after-step', 1);
    await stack.ask(['cancel', 'after-step', '--after-step']);
    const run = await closed(stack, 'after-step');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(run.steps.map((step) => step.status)).toEqual([
      'compensated',
      'compensated',
      'compensated',
      'compensated',
      'pending',
      'completed',
    ]);
    expect(run.steps[3]?.output).toMatchObject({ model: { file: 'model.bin' } });
    expect(await jobOf(stack.client, 'after-step')).toMatchObject({ status: 'COMPLETED' });
    await expectNothingLeft('after-step');
  });

  it('escalates a cancel after the step to one at once', async () => {
    await startTraining(stack, 'escalated', LONG);
    await checkpointOf(stack, 'escalated', 1);
    await stack.ask(['cancel', 'escalated', '--after-step']);
    expect(await show(stack, 'escalated')).toMatchObject({ cancel_requested: true });
    await stack.ask(['cancel', 'escalated']);
    const run = await closed(stack, 'escalated');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(await jobOf(stack.client, 'escalated')).toMatchObject({ status: 'CANCELLED' });
    await expectNothingLeft('escalated');
  });

  it('refuses controls of a run that has closed', async () => {
    for (const command of ['pause', 'cancel']) {
      const { code, stderr } = await stack.cli([command, 'cancelled']);
      expect({ command, code }).toEqual({ command, code: 5 });
      expect(stderr).toContain('rolled_back');
    }
  });
});

describe('pausing a training run', () => {
  it('stops it at its next checkpoint; it resumes to the same model', async () => {
    const input = mnist({ epochs: 10 });
    await startTraining(stack, 'paused', input);
    await checkpointOf(stack, 'paused', 1);
    expect(await stack.ask(['pause', 'paused'])).toMatchObject({ status: 'paused' });
    // The segment that runs comes to its checkpoint; then nothing is left to do.
    const still = await jobAtRest(stack, 'paused');
    const files = artifacts(stack);
    await stays(async () => (await jobOf(stack.client, 'paused')).events === still.events, 2000, 'the length of the history of the job');
    expect(artifacts(stack)).toEqual(files);
    expect(files).not.toContain('runs/paused/epoch-10.ckpt');
    const progress = await stack.ask<ProgressObject>(['progress', 'paused']);
    expect(progress).toMatchObject({ status: 'paused', paused: true, waiting_on: ['resume'], current_step: 'monitor_progress' });
    expect(progress.tasks.filter((task) => task.status === 'completed').map((task) => task.name)).toEqual([
      'validate_inputs',
      'prepare_run',
      'execute_training',
    ]);
    expect(await stack.ask(['resume', 'paused'])).toMatchObject({ status: 'running' });
    const [run, undisturbed] = [await closed(stack, 'paused'), await trained(stack, 'undisturbed', input)];
    expect(resultOf(run).model_sha256).toBe(resultOf(undisturbed).model_sha256);
    expect(run.steps[3]?.attempts).toBe(1);
  });
});
