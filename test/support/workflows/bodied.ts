import { sleep } from '@temporalio/workflow';
import type { Json } from '../../../src/contracts/ledger.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import { callSteps } from '../../../src/workflows/saga/calls.ts';
import { runSubSaga } from '../../../src/workflows/saga/children.ts';
import { runSaga } from '../../../src/workflows/saga/run-saga.ts';
import type { Saga } from '../../../src/workflows/saga/types.ts';
import { bodiedPlan, type BodiedInput } from '../bodied.ts';
import type { Script, ScriptedActivities } from '../scripted.ts';

const { act, undo } = callSteps<ScriptedActivities>();

type Name = 'first' | 'second' | 'last';

/** A saga written as a body of code, in several variants: with a step that runs last, with a sub-saga, and with every mistake there is. */
export async function bodied(input: BodiedInput, start?: SagaStart): Promise<Json> {
  return runSaga(bodiedPlan, { input, start }, async (saga) => {
    const scriptOf = (name: Name): Script => input.scripts?.[name] ?? {};
    if (input.variant === 'last') saga.finally('last', () => act({ step: 'last', script: scriptOf('last') }));
    await stepOf(saga, 'first', scriptOf('first'));
    if (input.variant === 'stops_short') return 'short';
    await (SECOND[input.variant] ?? plain)(saga, input);
    return input.variant === 'huge_result' ? 'x'.repeat(300_000) : 'done';
  });
}

type Second = (saga: Saga<Name>, input: BodiedInput) => Promise<unknown>;

const plain: Second = (saga, input) => stepOf(saga, 'second', input.scripts?.['second'] ?? {});

const SECOND: Readonly<Record<string, Second>> = {
  sub_saga: (saga, { child = { steps: [] } }) =>
    saga.step('second', () =>
      runSubSaga('scripted', child, { kind: 'scripted', steps: child.steps.map(({ script: _script, ...step }) => step) }),
    ),
  no_call: (saga) => saga.step('second', async () => 'made up'),
  other_value: (saga) => saga.step('second', async () => [await act({ step: 'second', script: {} }), 'changed']),
  two_calls: (saga) => saga.step('second', async () => (await act({ step: 'second', script: {} }), act({ step: 'second', script: {} }))),
  two_at_once: (saga) => saga.step('second', () => Promise.all([act({ step: 'second', script: {} }), act({ step: 'second', script: {} })])),
  call_after_waiting: (saga) => saga.step('second', async () => (await sleep(1), act({ step: 'second', script: {} }))),
  outside: () => act({ step: 'second', script: {} }),
  twice: (saga) => stepOf(saga, 'first', {}),
  nan_compensate: (saga) => continuing(saga, Number.NaN),
  huge_compensate: (saga) => continuing(saga, 'x'.repeat(300_000)),
};

function continuing(saga: Saga<Name>, value: Json): Promise<Json> {
  return saga.step<Json>('second', () => act({ step: 'second', script: { do: 'fail' } }), {
    compensate: () => ({ answer: 'continue', value }),
  });
}

function stepOf(saga: Saga<Name>, name: Name, script: Script): Promise<Json> {
  return saga.step(name, () => act({ step: name, script }), { undo: (outcome) => undo({ step: name, script, outcome: outcome.status }) });
}
