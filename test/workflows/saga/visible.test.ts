import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESSAGE_DESCRIPTIONS } from '../../../src/contracts/messages.ts';
import { bodiedPlan } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, endOf, openGate, runOf, seen, step, textOf } from '../../support/saga-runs.ts';
import type { ScriptedStep } from '../../support/scripted.ts';

interface Metadata {
  readonly currentDetails: string;
  readonly definition: Readonly<
    Record<
      'queryDefinitions' | 'signalDefinitions' | 'updateDefinitions',
      readonly { readonly name?: string; readonly description?: string }[]
    >
  >;
}

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const metadataOf = (id: string) => rig.client.workflow.getHandle(id).query<Metadata>('__temporal_workflow_metadata');

describe('in Temporal Web', () => {
  it('every call has its id and a summary a person can read', async () => {
    const { id } = await runOf(rig, chain(step('a', {}, { label: 'Fetches the mail' }), step('b', { do: 'fail' })));
    const { events } = await rig.client.workflow.getHandle(id).fetchHistory();
    const calls = (events ?? []).flatMap((event) => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      return scheduled ? [[scheduled.activityId, textOf(event.userMetadata?.summary)]] : [];
    });
    expect(calls).toEqual([
      ['0:a:do:1', 'Fetches the mail'],
      ['1:b:do:1', 'b'],
      ['1:b:undo:1', 'undo: b'],
      ['0:a:undo:1', 'undo: Fetches the mail'],
    ]);
    const markers = (events ?? [])
      .filter((event) => event.markerRecordedEventAttributes)
      .map((event) => textOf(event.userMetadata?.summary));
    expect(new Set(markers)).toEqual(new Set(['ledger']));
  });

  it('a child and the start timer have summaries too', async () => {
    const child = await rig.startWorkflow('bodied', bodiedPlan, [{ variant: 'sub_saga', child: { steps: [step('x')] } }]);
    await endOf(child);
    const { raw } = await rig.client.workflow.getHandle(`${child.workflowId}.second`).describe();
    expect(textOf(raw.executionConfig?.userMetadata?.summary)).toBe('1:second:do:1 second');
    expect(await summaryOf(child.workflowId, 'startChildWorkflowExecutionInitiatedEventAttributes')).toBe('1:second:do:1 second');
    const at = new Date(Date.now() + 300).toISOString();
    const timed = await rig.startScripted({ steps: [step('a')] }, { at });
    await endOf(timed);
    expect(await summaryOf(timed.workflowId, 'timerStartedEventAttributes')).toBe(`start at ${at}`);
  });

  it.each<[string, ScriptedStep[], 'undo' | 'halt', string, string[] | undefined]>([
    ['completes', [step('a')], 'undo', 'completed', undefined],
    ['rolls back', [step('a', { do: 'fail' })], 'undo', 'rolled_back', undefined],
    ['halts', [step('a', { do: 'fail' })], 'halt', 'halted', ['recovery']],
    ['is stuck', [step('a', { do: 'fail', undo: 'fail' })], 'undo', 'failed', ['undo']],
  ])('the search attributes of a run that %s', async (_title, steps, on_failure, status, needs) => {
    const { id } = await runOf(rig, steps, { on_failure });
    const { searchAttributes } = await rig.client.workflow.getHandle(id).describe();
    expect(searchAttributes).toMatchObject({ CerebrosKind: ['scripted'], CerebrosStatus: [status] });
    expect(searchAttributes['CerebrosNeeds']).toEqual(needs);
  });
});

describe('in Temporal Web, while it runs', () => {
  it('the details follow the run: its phase, why, what is stuck, what to do', async () => {
    const handle = await rig.startScripted({
      steps: chain(step('a', { undo: 'fail' }), step('b', { undo: 'wait' }), step('c', { do: 'wait' }), step('d', { do: 'fail' })),
    });
    const id = handle.workflowId;
    await seen(rig, id, 'do c');
    expect((await metadataOf(id)).currentDetails).toContain('**running**');
    openGate(rig, id);
    await seen(rig, id, 'undo b done');
    expect((await metadataOf(id)).currentDetails).toContain('**compensating**');
    expect((await metadataOf(id)).currentDetails).toContain('Reason: step_failed:d');
    openGate(rig, id, 'undo');
    await endOf(handle);
    const { currentDetails } = await metadataOf(id);
    expect(currentDetails).toContain('**failed**');
    expect(currentDetails).toContain('- stuck: a (a was told to fail)');
    expect(currentDetails).toContain(`cerebros undo retry ${id}`);
  });

  it('every message of a saga says what it does', async () => {
    const { id } = await runOf(rig, [step('a')]);
    const { definition } = await metadataOf(id);
    const ours = [...definition.queryDefinitions, ...definition.updateDefinitions].filter(
      ({ name }) => name !== undefined && !name.startsWith('__'),
    );
    const everySaga = Object.entries(MESSAGE_DESCRIPTIONS).filter(([name]) => !/^(job|study)/.test(name));
    expect(Object.fromEntries(ours.map(({ name, description }) => [name, description]))).toEqual(Object.fromEntries(everySaga));
  });
});

async function summaryOf(
  id: string,
  attributes: 'timerStartedEventAttributes' | 'startChildWorkflowExecutionInitiatedEventAttributes',
): Promise<string> {
  const { events } = await rig.client.workflow.getHandle(id).fetchHistory();
  return textOf(events?.find((event) => event[attributes])?.userMetadata?.summary);
}
