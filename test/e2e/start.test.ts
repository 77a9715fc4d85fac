import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { StartedRun } from '../../src/client/start.ts';
import { cli, startDev, type DevStack } from '../support/cli.ts';
import { closed, show } from '../support/training.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

const ECHO = '{"steps":["echo"],"inputs":{"message":"hello"}}';
const training = (more: object): string => JSON.stringify({ model_name: 'mlp-small', dataset_name: 'digits', ...more });

let stack: DevStack;
const dir = mkdtempSync(join(tmpdir(), 'cerebros-start-'));
beforeAll(async () => {
  stack = await startDev();
  writeFileSync(join(dir, 'broken.yaml'), 'epochs: 3\n  batch_size: [1,\n');
  writeFileSync(join(dir, 'proof.yaml'), 'steps: [echo, echo]\ninputs:\n  message: from a file\n');
});
afterAll(async () => {
  await stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

const start = (...more: readonly string[]): string[] => ['start', 'proof', '--input', '-', ...more];

describe('a start that is refused', () => {
  it.each([
    { what: 'a training without dataset', args: ['training-run'], input: '{"model_name":"mlp"}', names: 'dataset_name' },
    { what: 'an unknown model', args: ['training-run'], input: training({ model_name: 'gpt' }), names: 'model_name' },
    { what: 'negative epochs', args: ['training-run', '--set', 'config.epochs=-1'], input: training({}), names: 'config.epochs' },
    { what: 'an unknown key', args: ['training-run'], input: training({ epoch: 3 }), names: 'epoch' },
    { what: 'broken YAML', args: ['proof'], input: 'steps: [echo\ninputs: }', names: 'stdin, line 2' },
    {
      what: 'broken YAML in config_path',
      args: ['training-run'],
      input: training({ config_path: join(dir, 'broken.yaml') }),
      names: 'broken.yaml, line 1, column 9',
    },
    {
      what: 'a config_path that is not there',
      args: ['training-run'],
      input: training({ config_path: 'gone.yaml' }),
      names: 'config_path gone.yaml',
    },
    { what: 'three megabytes', args: ['proof'], input: ECHO.replace('hello', 'x'.repeat(3 * 1024 * 1024)), names: '3145728 bytes' },
    { what: 'a message that is too long', args: ['proof'], input: ECHO.replace('hello', 'x'.repeat(500_000)), names: 'inputs.message' },
    { what: 'an id that is none', args: ['proof', '--id', 'a b/c'], input: ECHO, names: 'a b/c' },
    { what: 'an unknown kind', args: ['prof'], input: ECHO, names: 'prof' },
    { what: 'a time without zone', args: ['proof', '--at', '2027-01-01T00:00:00'], input: ECHO, names: 'at:' },
  ])('exits 2 and says where: $what', async ({ args: [kind = '', ...flags], input, names }) => {
    await expectRefused(await stack.cli(['start', kind, '--input', '-', ...flags], { input }), names);
  });

  it('exits 2 and says where: an input file that is not there', async () => {
    await expectRefused(await stack.cli(['start', 'proof', '--input', join(dir, 'gone.json')]), 'gone.json');
  });

  it('has started nothing', async () => {
    expect(await stack.ask(['list'])).toEqual([]);
    expect(await stack.client.workflow.count()).toMatchObject({ count: 0 });
  });
});

describe('a start', () => {
  it('returns the same run for the same id and input, and refuses another input', async () => {
    const first = await stack.ask<StartedRun>(start('--id', 'same'), { input: ECHO });
    await closed(stack, 'same');
    const again = await stack.ask<StartedRun>(start('--id', 'same'), { input: 'inputs: {message: hello}\nsteps: [echo]' });
    expect(again).toMatchObject({ execution_id: 'same', run_id: first.run_id, status: 'completed' });
    const other = await stack.cli(start('--id', 'same', '--set', 'inputs.message=bye'), { input: ECHO });
    expect(other.code).toBe(5);
    expect(JSON.parse(other.stderr)).toMatchObject({ error: { code: 'ID_TAKEN', message: expect.stringContaining('same') as string } });
  });

  it('starts one run when several start it at once', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => stack.ask<StartedRun>(start('--id', 'at-once'), { input: ECHO })));
    expect(new Set(all.map((one) => one.run_id)).size).toBe(1);
    await closed(stack, 'at-once');
  });

  it('reads YAML from a file and sets values in it', async () => {
    const run = await stack.ask<SagaRun>([
      'start',
      'proof',
      '--input',
      join(dir, 'proof.yaml'),
      '--set',
      'inputs.message=set',
      '--set',
      'steps.1=echo',
      '--id',
      'file',
      '--wait',
    ]);
    expect(run.context).toEqual({ echoed_at_step_0: 'set', echoed_at_step_1: 'set' });
  });

  it('keeps a run pending until its time, and cancels it without having run a step', async () => {
    const at = new Date(Date.now() + 86_400_000).toISOString();
    expect(await stack.ask<StartedRun>(start('--id', 'later', '--at', at), { input: ECHO })).toMatchObject({
      status: 'pending',
      started_at: null,
    });
    expect(await show(stack, 'later')).toMatchObject({ status: 'pending', started_at: null });
    await stack.ask(['cancel', 'later']);
    const run = await closed(stack, 'later');
    expect(run.status).toBe('cancelled');
    expect(run.steps.map((step) => [step.status, step.started_at])).toEqual([['pending', null]]);
    expect((await stack.client.workflow.getHandle('later').describe()).status.name).toBe('CANCELLED');
  });

  it('starts a pending run when its time has come', async () => {
    const at = new Date(Date.now() + 1500).toISOString();
    const run = await stack.ask<SagaRun>(start('--id', 'soon', '--at', at, '--wait'), { input: ECHO });
    expect(run.status).toBe('completed');
    expect(Date.parse(run.steps[0]?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(at));
  });
});

describe('a stack that is down', () => {
  const down = { DATABASE_URL: 'postgres://nobody:none@127.0.0.1:1/none', TEMPORAL_ADDRESS: '127.0.0.1:1' };

  it.each([
    ['list', ['list']],
    ['show', ['show', 'x']],
    ['start', ['start', 'proof', '--input', '-']],
    ['pause', ['pause', 'x']],
    ['ledger verify', ['ledger', 'verify']],
    ['watch', ['watch', 'x']],
    ['progress', ['progress', 'x']],
  ])('ends %s with exit 3 within five seconds', async (_name, args) => {
    const [loading, began] = [await msToLoad(), Date.now()];
    const { code, stdout, stderr } = await cli(args, { input: ECHO, env: down });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(Date.now() - began - loading).toBeLessThan(5000);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { message: expect.stringContaining('127.0.0.1:1') as string },
    });
  });
});

/** What a machine under load takes for the program itself. */
async function msToLoad(): Promise<number> {
  const began = Date.now();
  await cli(['--version']);
  return Date.now() - began;
}

async function expectRefused(
  { code, stdout, stderr }: { readonly code: number | null; readonly stdout: string; readonly stderr: string },
  names: string,
): Promise<void> {
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
  const { error } = JSON.parse(stderr) as Refusal;
  expect(error.message).toContain(names);
  expect(error.message.length).toBeLessThan(600);
  expect(stderr).not.toContain('    at ');
}
