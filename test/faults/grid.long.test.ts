import { writeFileSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRunRow, SagaStepRow } from '../../src/contracts/ledger.ts';
import { expectLaws, gather, standing, untilClosed, type Evidence } from '../support/evidence.ts';
import { acceptedUpdates, activityEnds, activityStarts, type ActivityEnd } from '../support/history-facts.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { dependsOn, SIX, sixSteps, type SixName, type SixStep } from '../support/six-steps.ts';
import { until } from '../support/until.ts';

/** What happens to one step, how that shows that it did happen, and what the ledger says then. */
interface Fault {
  readonly told: SixStep;
  /** The last step fails too. */
  readonly then_fails?: boolean;
  /** Done once the step has made its effect. */
  readonly strike?: (handle: WorkflowHandle) => Promise<unknown>;
  /** Done once the step's row is complete. */
  readonly after?: (rig: Rig, handle: WorkflowHandle, step: SixName) => Promise<void>;
  /** How the server wrote the step's call down. */
  readonly hit: Partial<ActivityEnd>;
  readonly update?: string;
  readonly closed: string;
  readonly run: (step: SixName) => Partial<SagaRunRow>;
  readonly row: Partial<SagaStepRow>;
  readonly effects: readonly string[];
}

const FAULTS: Readonly<Record<string, Fault>> = {
  fails: {
    told: { script: { do: 'fail' } },
    hit: { how: 'failed', code: 'SCRIPTED', attempt: 1 },
    closed: 'FAILED',
    run: failedAt,
    row: { status: 'failed', error: { code: 'SCRIPTED', message: expect.any(String) } },
    effects: ['do', 'undo'],
  },
  'times out': {
    told: { script: { do: 'hang' }, plan: { timeout_ms: 1000, max_retries: 0 } },
    hit: { how: 'timed_out', attempt: 1 },
    closed: 'FAILED',
    run: failedAt,
    row: { status: 'failed', error: { code: 'TIMEOUT', message: 'StartToClose timeout' } },
    effects: ['do', 'undo'],
  },
  'fails and says that nothing was done': {
    told: { script: { do: 'no_effect' } },
    hit: { how: 'failed', code: 'NO_EFFECT', attempt: 1 },
    closed: 'FAILED',
    run: (step) => ({
      status: 'rolled_back',
      error: {
        reason: `step_failed:${step}`,
        compensate_from_idx: expect.toSatisfy((idx) => idx !== SIX.indexOf(step)),
        message: expect.any(String),
      },
    }),
    row: { status: 'failed', compensated_at: null, error: { code: 'NO_EFFECT', message: 'nothing was done' } },
    effects: [],
  },
  'is cancelled now': {
    told: { script: { do: 'hang' } },
    strike: (handle) => handle.cancel(),
    hit: { how: 'cancelled', attempt: 1 },
    closed: 'CANCELLED',
    run: cancelled,
    row: { status: 'cancelled', error: null },
    effects: ['do', 'undo'],
  },
  'is cancelled after it': {
    told: { script: { do: 'wait' } },
    strike: (handle) => handle.executeUpdate('cancelAfterStep'),
    hit: { how: 'completed', attempt: 1 },
    update: 'cancelAfterStep',
    closed: 'FAILED',
    run: cancelled,
    row: { status: 'compensated', error: null },
    effects: ['do', 'undo'],
  },
  'runs while the run is paused': {
    told: { script: { do: 'wait' } },
    strike: (handle) => handle.executeUpdate('pause'),
    after: resumeAfter,
    hit: { how: 'completed', attempt: 1 },
    update: 'pause',
    closed: 'COMPLETED',
    run: () => ({ status: 'completed', error: null }),
    row: { status: 'completed' },
    effects: ['do'],
  },
  'cannot be undone': {
    told: { script: { undo: 'fail' } },
    then_fails: true,
    hit: { how: 'failed', code: 'SCRIPTED', attempt: 1 },
    closed: 'FAILED',
    run: (step) => ({
      status: 'failed',
      error: {
        reason: 'step_failed:f',
        compensate_from_idx: 5,
        message: expect.any(String),
        stuck: [{ step_idx: SIX.indexOf(step), step_name: step, code: 'SCRIPTED', message: expect.any(String) }],
      },
    }),
    row: { status: 'compensation_failed', error: { code: 'SCRIPTED', message: expect.any(String) } },
    effects: ['do', 'undo'],
  },
};

function failedAt(step: SixName): Partial<SagaRunRow> {
  return {
    status: 'rolled_back',
    cancel_requested: false,
    error: { reason: `step_failed:${step}`, compensate_from_idx: expect.any(Number), message: expect.any(String) },
  };
}

function cancelled(): Partial<SagaRunRow> {
  return {
    status: 'rolled_back',
    cancel_requested: true,
    error: { reason: 'cancelled', compensate_from_idx: expect.any(Number), message: expect.any(String) },
  };
}

/** Resumes once the step has ended: nothing else has started by then, and not even the run has ended when it was the last step. */
async function resumeAfter(rig: Rig, handle: WorkflowHandle, step: SixName): Promise<void> {
  const isDone = async (): Promise<boolean> => (await rig.rows(handle.workflowId)).steps[SIX.indexOf(step)]?.status === 'completed';
  await until(isDone, 40_000, `${step}: completed in the ledger`);
  expect((await rig.rows(handle.workflowId)).status).toBe('paused');
  expect((await handle.describe()).status.name).toBe('RUNNING');
  expect(rig.effects.all(handle.workflowId).filter((effect) => dependsOn(effect.step as SixName, step))).toEqual([]);
  await handle.executeUpdate('resume');
}

interface Cell {
  readonly step: SixName;
  readonly fault: string;
}

const CELLS: readonly Cell[] = Object.keys(FAULTS).flatMap((fault) => SIX.map((step) => ({ step, fault })));

describe('each step × each fault', () => {
  let rig: Rig;
  const played = new Map<Cell, Promise<Evidence>>();

  beforeAll(async () => {
    rig = await startRig();
    const strikes = CELLS.map((cell) => strike(rig, cell));
    // Steps that wait go on once every run has been struck.
    void Promise.allSettled(strikes).then(() => writeFileSync(rig.gate, ''));
    for (const [at, cell] of CELLS.entries()) {
      const evidence = Promise.resolve(strikes[at]).then((handle) => finish(rig, cell, expectHandle(handle)));
      evidence.catch(() => undefined);
      played.set(cell, evidence);
    }
  });
  afterAll(() => rig.stop());

  it.each(CELLS)(
    'step $step $fault: each effect is made once and taken back in order, and ledger, history and effects agree',
    async (cell) => {
      const fault = faultOf(cell);
      const evidence = await expectPlayed(played.get(cell));
      expectHit(evidence, cell);
      expectLaws(evidence);
      expect(evidence.closed).toBe(fault.closed);
      expect(evidence.rows).toMatchObject(fault.run(cell.step));
      expect(evidence.rows.steps[SIX.indexOf(cell.step)]).toMatchObject(fault.row);
      const own = evidence.effects.filter((effect) => effect.step === cell.step);
      expect(own.map((effect) => effect.phase)).toEqual(fault.effects);
      expect(Object.values(standing(evidence.effects)).filter((left) => left > 0)).toHaveLength(
        fault.closed === 'COMPLETED' ? SIX.length : 0,
      );
    },
  );
});

/** Starts a cell's run and, if it is struck from outside, strikes it. */
async function strike(rig: Rig, cell: Cell): Promise<WorkflowHandle> {
  const { told, then_fails, strike: act } = faultOf(cell);
  const last = then_fails ? { f: { script: { do: 'fail', ...(cell.step === 'f' ? told.script : {}) } as const } } : {};
  const handle = await rig.startScripted(sixSteps({ [cell.step]: told, ...last }));
  if (act) {
    await until(() => rig.effects.all(handle.workflowId).some((effect) => effect.step === cell.step), 40_000, `${cell.step}: its effect`);
    await act(handle);
  }
  return handle;
}

async function finish(rig: Rig, cell: Cell, handle: WorkflowHandle): Promise<Evidence> {
  await faultOf(cell).after?.(rig, handle, cell.step);
  await untilClosed(rig.client, handle.workflowId);
  return gather(rig, handle.workflowId);
}

/** A run in which the fault did not happen says nothing. */
function expectHit({ events }: Evidence, cell: Cell): void {
  const { hit, update, then_fails } = faultOf(cell);
  const call = `${SIX.indexOf(cell.step)}:${cell.step}:${then_fails ? 'undo' : 'do'}:1`;
  expect(
    activityEnds(events).find((end) => end.call === call),
    'the fault happened',
  ).toMatchObject(hit);
  if (!update) return;
  const [accepted = 0] = acceptedUpdates(events, update);
  const ended = activityEnds(events).find((end) => end.call === call)?.event_id ?? 0;
  expect(accepted, `${update} was accepted while the step ran`).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(ended);
  const later = activityStarts(events).filter(
    (start) => start.event_id > accepted && start.call.includes(':do:') && dependsOn(start.call.split(':')[1] as SixName, cell.step),
  );
  const [resumed = 0] = acceptedUpdates(events, 'resume');
  expect(later.filter((start) => start.event_id < resumed || resumed === 0).map((start) => start.call)).toEqual([]);
}

function faultOf({ fault }: Cell): Fault {
  const found = FAULTS[fault];
  if (!found) throw new Error(`no fault ${fault}`);
  return found;
}

function expectHandle(handle: WorkflowHandle | undefined): WorkflowHandle {
  if (!handle) throw new Error('the run was not started');
  return handle;
}

function expectPlayed(evidence: Promise<Evidence> | undefined): Promise<Evidence> {
  if (!evidence) throw new Error('the cell was not played');
  return evidence;
}
