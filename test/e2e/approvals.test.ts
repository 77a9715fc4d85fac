import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../src/client/approvals.ts';
import type { Blueprint } from '../../src/contracts/blueprint.ts';
import type { ApprovalRow, Decision } from '../../src/contracts/step-protocol.ts';
import type { Said } from '../support/cli.ts';
import { door, scripted, startStepWorld, type Script, type StepWorld } from '../support/step-world.ts';

// A step asks people, who answer by command. `rita` starts the runs.

let world: StepWorld;
beforeAll(async () => void (world = await startStepWorld()));
afterAll(() => world.stop());

const HOUR = 3_600_000;
const STEPS = [scripted('before'), scripted('ask', { needs: ['before'] })];
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;

const asks = (more: object = {}): object => ({
  status: 'APPROVAL',
  approval_type: 'publish',
  data: { rows: 3 },
  timeout_ms: HOUR,
  ...more,
});
const success = (result: unknown): object => ({ status: 'SUCCESS', result });

/** By command; with `--wait` among the flags it answers the closed run. */
function start(id: string, ...flags: readonly string[]): Promise<Said> {
  const blueprint: Blueprint = { name: 'scripted', version: '1', steps: STEPS };
  const args = ['start', 'blueprint', '--input', '-', '--id', id, '--as', 'rita', ...flags];
  return world.stack.cli(args, { input: JSON.stringify({ blueprint }) });
}

/** Starts a run and waits until its step is suspended. */
async function startAndAsk(id: string, script: Script): Promise<void> {
  await world.start(id, STEPS, script, 'rita');
  await world.shows(id, ({ steps }) => steps[1]?.status === 'waiting');
}

const listed = (...args: readonly string[]): Promise<ApprovalRow[]> => world.stack.ask(['approvals', ...args]);

/** The row of the first question of a run. */
function row(saga_id: string, more: Partial<ApprovalRow>): ApprovalRow {
  return {
    saga_id,
    step_idx: 1,
    n: 1,
    step_name: 'ask',
    approval_type: 'publish',
    data: { rows: 3 },
    approvers: null,
    requester: 'rita',
    on_timeout: 'reject',
    requested_at: TIME,
    expires_at: TIME,
    status: 'waiting',
    decided_by: null,
    decided_at: null,
    comment: null,
    decision_id: null,
    version: expect.any(Number) as number,
    ...more,
  };
}

const decided = (status: Decision['decision'], { by, comment, decided_at, decision_id }: Decision): Partial<ApprovalRow> => ({
  status,
  decided_by: by,
  comment,
  decided_at,
  decision_id,
});

/** What the step was called with, call by call. */
const resumes = (id: string): readonly unknown[] =>
  world.callsOf(id).flatMap(({ step_name, resume, undo }) => (step_name === 'ask' && undo === null ? [resume] : []));
const needs = async (id: string): Promise<unknown> =>
  (await world.stack.client.workflow.getHandle(id).describe()).searchAttributes['CerebrosNeeds']?.[0] ?? null;
const refusal = ({ stderr }: Said): { readonly code: string; readonly message: string } =>
  (JSON.parse(stderr) as { readonly error: { readonly code: string; readonly message: string } }).error;

async function expectAgreed(id: string): Promise<void> {
  expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
}

describe('a decision', () => {
  it.each<readonly [string, Decision['decision'], readonly string[], object]>([
    ['approve', 'approved', ['ask', '--as', 'grace', '--comment', 'go'], { by: 'grace', comment: 'go' }],
    ['reject', 'rejected', ['1', '--as', 'hal'], { by: 'hal', comment: null }],
  ])('by %s is given to the step, which goes on with it', async (command, decision, [step = '', ...flags], by) => {
    const id = `by-${command}`;
    world.script(id, { ask: [asks()] });
    expect((await start(id)).code).toBe(0);
    await world.shows(id, ({ steps }) => steps[1]?.status === 'waiting');
    const [waiting] = await listed(id);
    expect(waiting).toEqual(row(id, {}));
    expect(Date.parse(waiting?.expires_at ?? '') - Date.parse(waiting?.requested_at ?? '')).toBe(HOUR);
    expect(await needs(id)).toBe('approval');
    await expectAgreed(id);
    const { execution_id, step: of, ...made } = await world.stack.ask<Decision & Record<string, unknown>>([command, id, step, ...flags]);
    expect({ execution_id, of, made }).toEqual({
      execution_id: id,
      of: step,
      made: { decision, ...by, decided_at: TIME, decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, timed_out: false },
    });
    const { code, json } = await start(id, '--wait');
    const resume = [{ kind: 'approval', decision: made }];
    expect(code).toBe(0);
    expect(json).toEqual(await world.stack.ask(['show', id]));
    expect(json).toMatchObject({
      status: 'completed',
      result: { before: null, ask: resume },
      steps: [
        { status: 'completed', attempts: 1, activity_id: '0:before:do:1' },
        { status: 'completed', attempts: 1, activity_id: '1:ask:do:2', output: resume, worker_id: 'scripted', wakes_at: null, error: null },
      ],
    });
    expect(resumes(id)).toEqual([null, resume]);
    expect(await listed(id, '--all')).toEqual([row(id, decided(decision, made))]);
    expect(await needs(id)).toBeNull();
    await expectAgreed(id);
  });

  it('is made for each question that a step asks', async () => {
    await startAndAsk('two', { ask: [asks(), asks({ approval_type: 'pay', data: null })] });
    const first = await world.stack.ask<Decision>(['approve', 'two', 'ask', '--as', 'grace']);
    await world.shows('two', ({ steps }) => steps[1]?.status === 'waiting' && steps[1].activity_id === '1:ask:do:2');
    const again = await decide(world.cerebros, 'two', 'ask', { decision: 'rejected', by: 'hal', decision_id: first.decision_id });
    expect(again).toMatchObject({ decision: 'approved', by: 'grace' });
    const second = await world.stack.ask<Decision>(['reject', 'two', 'ask', '--as', 'hal']);
    expect(await world.closed('two')).toMatchObject({ status: 'completed' });
    expect(
      resumes('two').map((resume) => (resume as readonly { readonly decision: Decision }[] | null)?.map((one) => one.decision.by)),
    ).toEqual([undefined, ['grace'], ['grace', 'hal']]);
    expect(await world.approvalsOf('two')).toEqual([
      row('two', decided('approved', first)),
      row('two', { ...decided('rejected', second), n: 2, approval_type: 'pay', data: null }),
    ]);
    await expectAgreed('two');
  });

  it('counts once: the same id is answered alike, another is refused with the one that counts', async () => {
    const gate = door();
    await startAndAsk('twice', { ask: [asks(), () => gate.opened.then(() => success('done'))] });
    const grace = { decision: 'approved', by: 'grace', decision_id: 'd-1' } as const;
    const made = await decide(world.cerebros, 'twice', 'ask', grace);
    const late = (): Promise<Said> => world.stack.cli(['reject', 'twice', 'ask', '--as', 'hal']);
    const repeated = [{ ...grace }, { ...grace, decision: 'rejected', by: 'hal' } as const];
    for (const one of repeated) expect(await decide(world.cerebros, 'twice', 'ask', one)).toEqual(made);
    const open = await late();
    expect(open).toMatchObject({ code: 5, stdout: '' });
    expect(refusal(open).message).toContain(`step ask is decided already: approved by grace at ${made.decided_at}`);
    gate.open();
    expect(await world.closed('twice')).toMatchObject({ status: 'completed', result: { ask: 'done' } });
    for (const one of repeated) expect(await decide(world.cerebros, 'twice', 'ask', one)).toEqual(made);
    const closed = await late();
    expect(closed.code).toBe(5);
    expect(refusal(closed)).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('step ask was approved by grace at') as string,
    });
    expect(await world.approvalsOf('twice')).toEqual([row('twice', decided('approved', made))]);
    await expectAgreed('twice');
  });
});

describe('a question that nobody answers in time', () => {
  it.each<readonly ['reject' | 'approve', Decision['decision']]>([
    ['reject', 'rejected'],
    ['approve', 'approved'],
  ])('counts as its on_timeout says, and a late decision is refused: %s', async (on_timeout, decision) => {
    const id = `late-${on_timeout}`;
    const gate = door();
    const ask = [
      asks({ on_timeout, timeout_ms: 300 }),
      ({ resume }: { readonly resume: unknown }) => gate.opened.then(() => success(resume)),
    ];
    await world.start(id, STEPS, { ask }, 'rita');
    await world.shows(id, ({ steps }) => steps[1]?.activity_id === '1:ask:do:2');
    const late = (): Promise<Said> => world.stack.cli(['approve', id, 'ask', '--as', 'grace']);
    const open = await late();
    expect(open.code).toBe(5);
    expect(refusal(open).message).toMatch(new RegExp(`step ask is decided already: ${decision} at .*Z, because nobody decided in time`));
    gate.open();
    const run = await world.closed(id);
    const made = { decision, by: null, comment: null, decided_at: TIME, decision_id: `${run.root_run_id}/1/1/timeout`, timed_out: true };
    expect(run).toMatchObject({ status: 'completed', result: { ask: [{ kind: 'approval', decision: made }] } });
    expect(resumes(id)).toEqual([null, [{ kind: 'approval', decision: made }]]);
    const closed = await late();
    expect(closed.code).toBe(5);
    expect(refusal(closed).message).toMatch(new RegExp(`; step ask was ${decision} at .*Z, because nobody decided in time`));
    const timed_out = { on_timeout, status: 'timed_out', decided_at: TIME, decision_id: made.decision_id } as const;
    expect(await world.approvalsOf(id)).toEqual([row(id, timed_out)]);
    await expectAgreed(id);
  });

  it('fails its step where that is what on_timeout says, and the run undoes', async () => {
    world.script('fails', { ask: [asks({ on_timeout: 'fail', timeout_ms: 300 })] });
    const { code, json } = await start('fails', '--wait');
    const error = { code: 'APPROVAL_TIMEOUT', message: 'nobody decided in time' };
    expect(code).toBe(1);
    expect(json).toMatchObject({
      status: 'rolled_back',
      error: { reason: 'step_failed:ask' },
      steps: [
        { status: 'compensated', attempts: 1 },
        { status: 'failed', attempts: 1, activity_id: '1:ask:do:1', error, wakes_at: null, compensated_at: TIME },
      ],
    });
    expect(resumes('fails')).toEqual([null]);
    expect(world.callsOf('fails').flatMap(({ undo }) => undo ?? [])).toEqual([
      { step: 'ask', status: 'unknown', error },
      { step: 'before', status: 'done', output: null },
    ]);
    const timed_out = {
      on_timeout: 'fail',
      status: 'timed_out',
      decided_at: TIME,
      decision_id: expect.stringContaining('timeout') as string,
    } as const;
    expect(await world.approvalsOf('fails')).toEqual([row('fails', timed_out)]);
    await expectAgreed('fails');
  });
});

describe('a decision is refused, and changes nothing,', () => {
  let before: readonly unknown[];
  const rows = async (): Promise<readonly unknown[]> => [
    await world.show('asked'),
    await world.approvalsOf('asked'),
    world.callsOf('asked'),
  ];
  beforeAll(async () => {
    await startAndAsk('asked', { ask: [asks({ approvers: ['grace', 'rita'] })] });
    before = await rows();
  });

  it.each([
    ['by who started the run, also when asked', 'approve asked ask --as rita', 5, 'rita started the run and may not decide on it'],
    ['by somebody who is not asked', 'reject asked ask --as eve', 5, 'eve may not decide; these may: grace, rita'],
    ['of a step that asks nothing', 'approve asked before --as grace', 5, 'step before is completed; it does not wait for a decision'],
    ['of a step that is none', 'reject asked publish --as grace', 5, 'expected a step of this run (before, ask), got "publish"'],
    ['of an index that is none', 'approve asked 2 --as grace', 5, 'got "2"'],
    ['of a run that is none', 'approve nowhere ask --as grace', 4, 'nowhere'],
    ['by a name that is none', 'reject asked ask --as two\nlines', 2, 'expected a name of one line'],
  ] as const)('%s', async (_what, command, code, says) => {
    const said = await world.stack.cli(command.split(' '));
    expect({ code: said.code, stdout: said.stdout }).toEqual({ code, stdout: '' });
    const error = { 2: 'INVALID_INPUT', 4: 'RUN_NOT_FOUND', 5: 'REFUSED' }[code];
    expect(refusal(said)).toMatchObject({ code: error, message: expect.stringContaining(says) as string });
    expect(await rows()).toEqual(before);
  });

  it('before the step asks; who may decide then does', async () => {
    const gate = door();
    await world.start('early', STEPS, { before: [() => gate.opened.then(() => success(null))], ask: [asks()] }, 'rita');
    await world.shows('early', ({ steps }) => steps[0]?.status === 'running');
    const early = await world.stack.cli(['approve', 'early', 'ask', '--as', 'grace']);
    expect(early.code).toBe(5);
    expect(refusal(early).message).toContain('step ask is pending; it does not wait for a decision');
    expect(await world.approvalsOf('early')).toEqual([]);
    gate.open();
    await world.shows('early', ({ steps }) => steps[1]?.status === 'waiting');
    for (const id of ['early', 'asked']) {
      await world.stack.ask(['approve', id, 'ask'], { env: { CEREBROS_USER: 'grace' } });
      expect(await world.closed(id)).toMatchObject({ status: 'completed' });
      await expectAgreed(id);
    }
  });
});

it('afterwards nothing waits, and the ledger agrees with every history', async () => {
  expect(await listed()).toEqual([]);
  expect(await world.stack.ask(['ledger', 'verify'])).toMatchObject({ agrees: true, counts: { ok: 9 } });
});
