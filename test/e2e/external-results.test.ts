import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { progressOfRun } from '../../src/client/progress.ts';
import { BLUEPRINT, blueprintPlan } from '../../src/contracts/blueprint.ts';
import { JSON_DEPTH_MAX } from '../../src/contracts/json-issue.ts';
import { QUEUES } from '../../src/contracts/queues.ts';
import { SAGA_MEMO } from '../../src/contracts/saga-start.ts';
import { STEP_MS_MAX, SUSPENSION_MS_MAX } from '../../src/contracts/step-protocol.ts';
import { readStepVectors } from '../contracts/step-vectors.ts';
import { bytes, door, fails, QUEUE, scripted, startStepWorld, type Answer, type StepWorld } from '../support/step-world.ts';
import { until } from '../support/until.ts';

// What a worker answers that does not keep to the protocol, in any language, and what the run shows. What Python itself refuses before
// it leaves the worker is in python-faults.long.test.ts.

let world: StepWorld;
beforeAll(async () => void (world = await startStepWorld()));
afterAll(() => world.stop());

interface Told {
  readonly type: string;
  readonly time: string;
  readonly data: { readonly status: string; readonly wakes_at?: string };
}

const success = (result: unknown, more: object = {}): object => ({ status: 'SUCCESS', result, ...more });
const adds = (...steps: readonly unknown[]): object => success(1, { steps });
const sleeps = (more: object = {}): object => ({ status: 'SLEEP', duration_ms: 1, data: null, ...more });
const asks = (more: object = {}): object => ({ status: 'APPROVAL', approval_type: 'publish', data: null, timeout_ms: 60_000, ...more });
const nested = (depth: number): string => `${'['.repeat(depth + 1)}${']'.repeat(depth + 1)}`;
const REPORT = '"worker_id":"w","attempt":1,"started_at":"2027-01-31T08:00:00Z"';
const gives = (json: string): Answer => bytes(`{"status":"SUCCESS","result":${json},${REPORT}}`);
const vector = (name: string): Answer => bytes(readStepVectors().find((one) => one.name === name)?.text ?? '');

type Bad = readonly [what: string, answer: Answer | readonly Answer[], code: string, says: string];

const NO_ANSWER: readonly Bad[] = [
  ['NaN', vector('refused-nan'), 'MALFORMED_RESULT', 'expected JSON, got'],
  ['Infinity', vector('refused-infinity'), 'MALFORMED_RESULT', 'expected JSON, got'],
  ['half an answer', vector('refused-half-of-it'), 'MALFORMED_RESULT', 'expected JSON, got'],
  ['no bytes', bytes(''), 'MALFORMED_RESULT', 'expected JSON, got ""'],
  ['a status that is none', success(1, { status: 'DONE' }), 'MALFORMED_RESULT', 'status: expected SUCCESS, SLEEP or APPROVAL, got "DONE"'],
  ['a bare result', { rows: 3 }, 'MALFORMED_RESULT', 'status: expected SUCCESS, SLEEP or APPROVAL, got nothing'],
  ['no result', { status: 'SUCCESS' }, 'MALFORMED_RESULT', 'result: expected JSON, null if there is none, got nothing'],
  ['no worker', success(1, { worker_id: undefined }), 'MALFORMED_RESULT', 'worker_id: expected a text of 1 to 500 characters, got nothing'],
  ['a field too many', success(1, { duration_ms: 1 }), 'MALFORMED_RESULT', 'expected no field "duration_ms" in SUCCESS'],
  ['a day that is none', success(1, { started_at: '2026-02-30T00:00:00Z' }), 'MALFORMED_RESULT', 'started_at: expected a time'],
  ['a time without zone', success(1, { started_at: '2026-02-03T00:00:00' }), 'MALFORMED_RESULT', 'started_at: expected a time'],
  ['a year that is none', success(1, { started_at: '0000-01-01T00:00:00Z' }), 'MALFORMED_RESULT', 'started_at: expected a time'],
  ['a sleep into the past', sleeps({ duration_ms: -1 }), 'MALFORMED_RESULT', 'duration_ms: expected a whole number of ms'],
  ['a sleep for ever', sleeps({ duration_ms: SUSPENSION_MS_MAX + 1 }), 'MALFORMED_RESULT', 'at most 315360000000 (10 years)'],
  ['an approval of no time', asks({ timeout_ms: 0 }), 'MALFORMED_RESULT', 'timeout_ms: expected a whole number of ms'],
  ['an approval for ever', asks({ timeout_ms: SUSPENSION_MS_MAX + 1 }), 'MALFORMED_RESULT', 'timeout_ms: expected a whole number of ms'],
];

const NO_VALUE: readonly Bad[] = [
  ['a number that no double holds', vector('refused-number-too-large'), 'VALUE_NOT_JSON', 'its result holds Infinity'],
  [
    'such a number put aside',
    bytes(`{"status":"SLEEP","duration_ms":1,"data":[1e999],${REPORT}}`),
    'VALUE_NOT_JSON',
    'its data holds Infinity',
  ],
  ['a result that is too deep', gives(nested(JSON_DEPTH_MAX + 1)), 'VALUE_NOT_JSON', 'nested at most 200 deep'],
  ['a result 10,000 deep', gives(nested(10_000)), 'VALUE_NOT_JSON', 'nested at most 200 deep'],
  ['a status 10,000 deep', bytes(`{"status":${nested(10_000)}}`), 'VALUE_NOT_JSON', 'nested at most 200 deep'],
  ['data 10,000 deep', bytes(`{"status":"SLEEP","duration_ms":1,"data":${nested(10_000)},${REPORT}}`), 'VALUE_NOT_JSON', 'nested at most'],
  ['300 KB', success('x'.repeat(300_000)), 'PAYLOAD_TOO_LARGE', 'its result is 300002 bytes of JSON, expected at most 262144'],
  ['300 KB put aside', asks({ data: 'x'.repeat(300_000) }), 'PAYLOAD_TOO_LARGE', 'its data is 300002 bytes of JSON'],
  ['300 KB of steps', adds({ name: 'x', inputs: 'x'.repeat(300_000) }), 'PAYLOAD_TOO_LARGE', 'the list of steps that it adds is 3000'],
  // Temporal itself ends the attempt, and tells no more.
  ['3 MB', success('x'.repeat(3_000_000)), 'ERROR', 'Complete result exceeds size limit'],
  ['another suspension than before', [sleeps(), fails('RESUME_MISMATCH', 'had a sleep')], 'RESUME_MISMATCH', 'had a sleep'],
];

const NO_STEPS: readonly Bad[] = [
  ['a step without name', vector('refused-step-without-name'), 'INVALID_STEPS', 'added steps[0]: name: expected letters'],
  ['a step that is null', adds(null), 'INVALID_STEPS', 'added steps[0]: expected {name, needs?, …}, got null'],
  ['a name that is taken', adds({ name: 'before' }), 'INVALID_STEPS', '"before" is used twice'],
  [
    'a need that is not there',
    adds({ name: 'x', needs: ['y'] }, { name: 'y' }),
    'INVALID_STEPS',
    'needs names "y", which is no earlier step',
  ],
  ['too many steps', adds(...Array.from({ length: 499 }, (_, idx) => ({ name: `s${idx}` }))), 'INVALID_STEPS', 'at most 500 steps'],
  ['a queue that is a number', adds({ name: 'x', queue: 5 }), 'INVALID_STEPS', 'added steps[0]: queue: expected a text'],
  ["a queue of Temporal's own", adds({ name: 'x', queue: '/_sys/x' }), 'INVALID_STEPS', 'that does not begin with /_sys/'],
  ['a queue of half a character', adds({ name: 'x', queue: '\uD800' }), 'INVALID_STEPS', 'queue: expected a text'],
  ['a type that is a number', adds({ name: 'x', task_type: 7 }), 'INVALID_STEPS', 'task_type: expected a text'],
  [
    'a timeout of less than nothing',
    adds({ name: 'x', timeout_ms: -1 }),
    'INVALID_STEPS',
    'timeout_ms: expected a whole number of ms from 1',
  ],
  ['a timeout of a lifetime', adds({ name: 'x', timeout_ms: STEP_MS_MAX + 1 }), 'INVALID_STEPS', 'to 31536000000 (a year)'],
  ['an undo that is a number', adds({ name: 'x', undo: 5 }), 'INVALID_STEPS', 'undo: expected an object'],
  ['an undo on no queue', adds({ name: 'x', undo: { queue: '' } }), 'INVALID_STEPS', 'undo: queue: expected a text'],
  ['a field that steps have not', adds({ name: 'x', retries: 1 }), 'INVALID_STEPS', 'expected no field "retries" in a step'],
];

const idOf = (what: string): string => what.replaceAll(/[^A-Za-z0-9]+/g, '-');
const listOf = (answer: Answer | readonly Answer[]): readonly Answer[] =>
  Array.isArray(answer) ? (answer as readonly Answer[]) : [answer];
const STEPS = [scripted('before'), scripted('bad', { needs: ['before'] })];

describe.concurrent('an answer that is none fails its step, and the run undoes', () => {
  it.each([...NO_ANSWER, ...NO_VALUE, ...NO_STEPS])('%s', async (what, answer, code, says) => {
    const id = idOf(what);
    await world.start(id, STEPS, { bad: listOf(answer) });
    const run = await world.closed(id);
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:bad' } });
    expect(run.steps.map(({ step_name, status, attempts }) => [step_name, status, attempts])).toEqual([
      ['before', 'compensated', 1],
      ['bad', 'failed', 1],
    ]);
    expect(run.steps[1]?.error).toEqual({ code, message: expect.stringContaining(says) as string });
    const undos = world.callsOf(id).flatMap(({ undo }) => undo ?? []);
    expect(undos).toMatchObject([
      { step: 'bad', status: 'unknown', error: { code } },
      { step: 'before', status: 'done', output: null },
    ]);
    expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
  });

  it('more steps than a run can hold, added one after the other, too', async () => {
    const names = ['one', 'two', 'three'];
    const steps = names.map((name, idx) => scripted(name, { needs: names.slice(idx - 1, idx) }));
    const script = names.map((name) => [name, [adds({ name: `${name}-more`, task_type: 'answer', inputs: 'x'.repeat(200_000) })]] as const);
    await world.start('more', steps, Object.fromEntries(script));
    const run = await world.closed('more');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:three' } });
    expect(run.steps[2]?.error).toMatchObject({
      code: 'INVALID_STEPS',
      message: expect.stringContaining('at most 524288 bytes') as string,
    });
    expect(await world.verify('more')).toEqual({ id: 'more', status: 'ok', differences: [] });
  });

  it.each(['a number that no double holds', '300 KB', 'a step without name'])(
    'ledger and history agree on it also while the run is taking it back: %s',
    async (what) => {
      const id = `open-${idOf(what)}`;
      const gate = door();
      const answer = [...NO_VALUE, ...NO_STEPS].find(([one]) => one === what)?.[1] ?? [];
      await world.start(id, STEPS, { bad: listOf(answer), 'undo bad': [() => gate.opened.then(() => success(null))] });
      await world.shows(id, ({ steps }) => steps[1]?.status === 'compensating');
      expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
      gate.open();
      expect(await world.closed(id)).toMatchObject({ status: 'rolled_back' });
    },
  );
});

describe.concurrent('an answer is taken as it is', () => {
  it.each<readonly [string, Answer, unknown]>([
    ['a result that looks like a sleep', success({ status: 'SLEEP', duration_ms: 1 }), { status: 'SLEEP', duration_ms: 1 }],
    ['a result that looks like ours', success({ output: 1, attempt: 2, __malformed: 'x' }), { output: 1, attempt: 2, __malformed: 'x' }],
    ['a result 200 deep', gives(nested(JSON_DEPTH_MAX)), JSON.parse(nested(JSON_DEPTH_MAX))],
    ['a sleep of no time', sleeps({ duration_ms: 0, data: [1] }), [{ kind: 'sleep', data: [1], slept_ms: expect.any(Number) as number }]],
    ['characters that databases refuse', success('a', { worker_id: 'w\0\uD800' }), 'a'],
  ])('%s', async (what, answer, output) => {
    const id = idOf(what);
    await world.start(id, STEPS, { bad: [answer] });
    const run = await world.closed(id);
    expect(run).toMatchObject({ status: 'completed', result: { bad: output } });
    expect(run.steps[1]).toMatchObject({ status: 'completed', output });
    expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
  });

  it('a sleep, whose event says until when', async () => {
    await world.start('until', STEPS, { bad: [sleeps({ duration_ms: 1200 })] });
    await world.closed('until');
    const { sql } = world.stack;
    const events = await sql<
      Told[]
    >`select type, time, data from events where subject = 'until' and type ~ 'sleeping|resumed' order by seq`;
    expect(events.map(({ type, data }) => [type, data.status])).toEqual([
      ['cerebros.saga.step.sleeping', 'sleeping'],
      ['cerebros.saga.step.resumed', 'running'],
    ]);
    const [fell, rose] = events;
    expect(Date.parse(fell?.data.wakes_at ?? '') - Date.parse(fell?.time ?? '')).toBe(1200);
    expect(rose?.data).not.toHaveProperty('wakes_at');
  });

  it('a time of any zone', async () => {
    await world.start('zone', STEPS, { bad: [success(1, { started_at: '2026-02-28T23:30:00.123456-01:30' })] });
    expect((await world.closed('zone')).steps[1]).toMatchObject({ status: 'completed', started_at: '2026-03-01T01:00:00.123Z' });
  });

  it('steps that it adds run on external workers, in their turn, whatever they say', async () => {
    const says = { external: false, light: true, always: true };
    const added = [
      { name: 'x', task_type: 'answer', ...says },
      { name: 'y', task_type: 'answer', needs: ['x', 'bad'], undo: { task_type: 'takeBack' }, ...says },
    ];
    await world.start('added', STEPS, { bad: [adds(...added)], y: [fails('NO')] });
    const run = await world.closed('added');
    expect(run.plan.slice(2)).toEqual([
      { name: 'x', task_type: 'answer', queue: QUEUE, external: true },
      { name: 'y', task_type: 'answer', queue: QUEUE, external: true, needs: ['x', 'bad'], undo: { task_type: 'takeBack' } },
    ]);
    expect(run.steps.map(({ status }) => status)).toEqual(['compensated', 'compensated', 'compensated', 'failed']);
    const undos = world.callsOf('added').flatMap(({ undo }) => undo?.step ?? []);
    expect(undos).toEqual(['y', 'bad', 'before']);
    expect(await world.verify('added')).toEqual({ id: 'added', status: 'ok', differences: [] });
  });
});

describe.concurrent('a step that nobody answers', () => {
  it('fails when it is silent for longer than its heartbeats allow, though its worker lives', async () => {
    const never = door();
    await world.start('silent', [scripted('before'), scripted('bad', { needs: ['before'], heartbeat_ms: 500 })], {
      bad: [() => never.opened],
    });
    const run = await world.closed('silent');
    never.open();
    expect(run).toMatchObject({
      status: 'rolled_back',
      steps: [{ status: 'compensated' }, { error: { code: 'TIMEOUT', message: 'Heartbeat timeout' } }],
    });
  });

  it('says which queue it waits on, and fails when no worker has polled that in time', async () => {
    const lonely = scripted('bad', { needs: ['before'], queue: 'nobody', schedule_to_start_ms: 1500, undo: undefined });
    await world.start('lonely', [scripted('before'), lonely], {});
    const waits = async (): Promise<string | undefined> =>
      (await progressOfRun(world.cerebros, 'lonely')).waiting_on.find((one) => !one.includes('before'));
    expect(await until(waits)).toBe('a worker for bad on queue nobody');
    const run = await world.closed('lonely');
    const error = { code: 'TIMEOUT', message: 'ScheduleToStart timeout: no worker polls the queue of this step' };
    expect(run).toMatchObject({ status: 'rolled_back', steps: [{ status: 'compensated' }, { status: 'failed', error }] });
  });

  it.each([
    ['reserved', '/_sys/x', 'that does not begin with /_sys/'],
    ['half', '\uD800', 'queue: expected a text'],
  ])(
    'fails at once when Temporal would not take its queue, which a client of another language has not checked: %s',
    async (id, queue, says) => {
      const steps = [scripted('before'), scripted('bad', { needs: ['before'], queue, undo: undefined })];
      const input = { blueprint: { name: 'scripted', version: '1', steps }, sha256: '', inputs: {} };
      await world.stack.client.workflow.start(BLUEPRINT, {
        taskQueue: QUEUES.main,
        workflowId: id,
        args: [input],
        memo: { [SAGA_MEMO]: { kind: BLUEPRINT, plan: blueprintPlan(input).steps } },
      });
      const run = await world.closed(id);
      const failed = { status: 'failed', error: { code: 'INVALID_INPUT', message: expect.stringContaining(says) as string } };
      expect(run).toMatchObject({ status: 'rolled_back', steps: [{ status: 'compensated' }, failed] });
      expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
    },
  );
});
