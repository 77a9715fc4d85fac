import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodiedPlan } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, endOf, runOf, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';
import type { ScriptedStep } from '../../support/scripted.ts';

const parallel = (count: number, pad: number): ScriptedStep[] => Array.from({ length: count }, (_, idx) => step(`p${idx}`, { pad }));
const outputs = (count: number, length: number): ScriptedStep[] =>
  chain(...Array.from({ length: count }, (_, idx) => step(`o${idx}`, { output: 'x'.repeat(length) })));

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('bounds', () => {
  it.each<[string, ScriptedStep[], string, string, RegExp]>([
    [
      'an output over 256 KiB',
      chain(step('a'), step('b', { do: 'huge' })),
      'b',
      'PAYLOAD_TOO_LARGE',
      /^the output of step b is 300002 bytes of JSON, expected at most 262144: store it as an artifact/,
    ],
    [
      'an output that holds NaN',
      chain(step('a'), step('b', { do: 'nan' })),
      'b',
      'VALUE_NOT_JSON',
      /^the output of step b holds NaN at "value"/,
    ],
    ['an input over 256 KiB', chain(step('a'), step('b', { pad: 300_000 })), 'b', 'PAYLOAD_TOO_LARGE', /^the input of step b is \d+ bytes/],
    [
      'outputs over 512 KiB together',
      outputs(3, 200_000),
      'o2',
      'PAYLOAD_TOO_LARGE',
      /^step o2: all outputs of the run together are over 524288 bytes: store it as an artifact/,
    ],
    [
      'a workflow task over 1 MiB',
      parallel(5, 250_000),
      'p4',
      'PAYLOAD_TOO_LARGE',
      /^step p4: the steps started at once send \d+ bytes, expected at most 1048576: store it as an artifact/,
    ],
    [
      'an output over 256 KiB of a light step',
      [step('a'), step('b', { do: 'huge' }, { light: true, needs: ['a'] })],
      'b',
      'PAYLOAD_TOO_LARGE',
      /^the output of step b/,
    ],
  ])('%s fails the step by name, and the run is undone', async (_title, steps, name, code, message) => {
    const { rows, type } = await runOf(rig, steps);
    expect(type).toBe('SAGA_ROLLED_BACK');
    const failed = rows.steps.find((each) => each.step_name === name);
    expect(failed).toMatchObject({ status: 'failed', output: null, error: { code } });
    expect(failed?.error?.message).toMatch(message);
    expect(rows).toMatchObject({ status: 'rolled_back', error: { reason: `step_failed:${name}` } });
    expect(statuses(rows).filter((status) => status === 'completed' || status === 'running')).toEqual([]);
  });

  it('undos over 1 MiB together go in several workflow tasks', async () => {
    const steps = Array.from({ length: 6 }, (_, idx) => step(`u${idx}`, { undo_pad: 250_000 }));
    const { rows } = await runOf(rig, [...steps, step('fails', { do: 'fail', no_undo: true }, { needs: steps.map((each) => each.name) })]);
    expect(rows.status).toBe('rolled_back');
    expect(statuses(rows).filter((status) => status === 'compensated')).toHaveLength(6);
  });

  it('four steps of 250 KiB fit into a workflow task', async () => {
    expect((await runOf(rig, parallel(4, 250_000))).rows.status).toBe('completed');
  });

  it('a value of exactly 256 KiB fits', async () => {
    const text = 'x'.repeat(200_000);
    expect((await runOf(rig, [step('a', { output: text })])).rows.steps[0]?.output).toBe(text);
  });

  it('a result over 256 KiB ends the run, undone', async () => {
    const handle = await rig.startWorkflow('bodied', bodiedPlan, [{ variant: 'huge_result' }]);
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_ROLLED_BACK',
      close: { error: { reason: 'step_failed:second', message: expect.stringMatching(/^the result of the run is 300002 bytes/) } },
    });
    expect(undosOf(rig, handle.workflowId)).toEqual(['undo second done', 'undo first done']);
  });
});

describe('what breaks the rules', () => {
  it.each([
    ['is no JSON', '{nope', /^step b: expected JSON, got "\{nope"/],
    ['is no StepReturn', '"hello"', /^step b: expected \{output, attempt, worker_id, started_at\} from its worker, got "hello"/],
    [
      'has steps that are no list',
      '{"attempt":1,"worker_id":"w","started_at":"2026-01-01T00:00:00Z","steps":{"length":1}}',
      /^step b: expected \{output/,
    ],
  ])('a result of a worker that %s fails its step as MALFORMED_RESULT', async (_title, json, message) => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { do: 'hang' })) });
    await seen(rig, handle.workflowId, 'do b');
    const result = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) }] };
    await rig.client.workflowService.respondActivityTaskCompletedById({
      namespace: 'default',
      workflowId: handle.workflowId,
      activityId: '1:b:do:1',
      result,
    });
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_ROLLED_BACK',
      close: { failed_step: { step_idx: 1, code: 'MALFORMED_RESULT' } },
    });
    expect((await rig.rows(handle.workflowId)).steps[1]?.error?.message).toMatch(message);
    expect(undosOf(rig, handle.workflowId)).toEqual(['undo b unknown', 'undo a done']);
  });

  it.each([
    ['no_call', /made no call/],
    ['other_value', /returned something else than its call gave/],
    ['two_calls', /a step makes one call/],
    ['two_at_once', /after another call: a step makes one call/],
    ['call_after_waiting', /before anything is awaited/],
    ['outside', /called outside of a step/],
    ['twice', /was run twice/],
  ])('a body that breaks the rules (%s) fails with ENGINE_MISUSE, and what it did is undone', async (variant, message) => {
    const handle = await rig.startWorkflow('bodied', bodiedPlan, [{ variant }]);
    const end = await endOf(handle);
    expect(end).toMatchObject({ type: 'SAGA_ROLLED_BACK', close: { error: { message: expect.stringMatching(message) } } });
    expect(undosOf(rig, handle.workflowId)).toContain('undo first done');
  });
});
