import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitClosed } from '../../src/client/wait.ts';
import { startSaga, type StartRequest } from '../../src/client/start.ts';
import type { GivenJobDefinition } from '../../src/contracts/job.ts';
import type { RunStatus } from '../../src/contracts/ledger.ts';
import type { JobStatus } from '../../src/contracts/progress.ts';
import { UserError } from '../../src/contracts/user-error.ts';
import { asks, startJobWorld, type JobWorld } from '../support/job-world.ts';
import { until } from '../support/until.ts';

// Each state that a job can be in, and what each control then does: the states and transitions of the progress object, and no others.

let world: JobWorld;
beforeAll(async () => void (world = await startJobWorld()));
afterAll(() => world.stop());

type Control = 'start' | 'pause' | 'resume' | 'cancel' | 'recover';

/** The state that a control leads to, at once or when what it began is done; or its refusal. */
type Does = JobStatus | 'REFUSED';

interface State {
  readonly state: string;
  readonly reads: JobStatus;
  readonly make: (id: string) => Promise<unknown>;
  readonly does: { readonly [control in Control]: Does };
}

const definition: GivenJobDefinition = {
  name: 'two-steps',
  steps: [asks('first', { undo: 'takeBack' }), asks('second', { dependencies: ['first'], undo: 'takeBack' })],
};

const create = (id: string): Promise<string> => world.jobs.createWorkflow(id, definition, {}, { id, inputs: id });
const start = (id: string, more: Partial<StartRequest> = {}): Promise<unknown> =>
  startSaga(world.cerebros, { kind: 'job', id, input: { definition, inputs: id }, ...more });
const shows = (id: string, status: RunStatus): Promise<unknown> =>
  until(async () => (await world.jobs.getWorkflow(id)).status === status, 30_000, `${status} of ${id}`);
const asked = (path: string): Promise<unknown> => until(() => world.source.asked.includes(path), 30_000, `the request ${path}`);
const later = new Date(Date.now() + 3_600_000).toISOString();

async function running(id: string): Promise<void> {
  world.source.hold(`/${id}/first`);
  await start(id);
  await asked(`/${id}/first`);
}

async function halted(id: string, more: Partial<StartRequest> = {}): Promise<void> {
  world.source.down(`/${id}/second`);
  await start(id, more);
  await waitClosed(world.cerebros, id);
  world.source.down();
}

/** Its undo does not come to an end before the source says so. */
async function undoing(id: string, status: RunStatus): Promise<void> {
  world.source.hold(`/${id}/undo-`);
  await shows(id, status);
}

const CLOSED = { start: 'REFUSED', pause: 'REFUSED', resume: 'REFUSED', cancel: 'REFUSED', recover: 'REFUSED' } as const;

const STATES: readonly State[] = [
  { state: 'created', reads: 'pending', make: create, does: { ...CLOSED, start: 'completed', cancel: 'cancelled' } },
  { state: 'put off', reads: 'pending', make: (id) => start(id, { at: later }), does: { ...CLOSED, cancel: 'cancelled' } },
  { state: 'running', reads: 'running', make: running, does: { ...CLOSED, pause: 'paused', cancel: 'cancelled' } },
  {
    state: 'paused',
    reads: 'paused',
    make: async (id) => {
      await running(id);
      await world.jobs.pauseWorkflow(id);
    },
    does: { ...CLOSED, resume: 'completed', cancel: 'cancelled' },
  },
  { state: 'halted', reads: 'failed', make: halted, does: { ...CLOSED, recover: 'completed', cancel: 'cancelled' } },
  {
    state: 'recovering',
    reads: 'recovering',
    make: async (id) => {
      await halted(id);
      world.source.hold(`/${id}/undo-`);
      await world.jobs.recoverWorkflow(id, 'second');
      await asked(`/${id}/undo-second`);
    },
    does: CLOSED,
  },
  {
    state: 'undoing a failure',
    reads: 'failed',
    make: async (id) => {
      world.source.hold(`/${id}/undo-`);
      world.source.down(`/${id}/second`);
      await start(id, { on_failure: 'undo' });
      await undoing(id, 'compensating');
      world.source.down();
    },
    does: CLOSED,
  },
  {
    state: 'undoing because of a cancel',
    reads: 'cancelled',
    make: async (id) => {
      await running(id);
      world.source.hold(`/${id}/undo-`);
      await world.jobs.cancelWorkflow(id);
      await undoing(id, 'compensating');
    },
    does: CLOSED,
  },
  {
    state: 'completed',
    reads: 'completed',
    make: async (id) => {
      await start(id);
      await waitClosed(world.cerebros, id);
    },
    does: CLOSED,
  },
  { state: 'undone after a failure', reads: 'failed', make: (id) => halted(id, { on_failure: 'undo' }), does: CLOSED },
  {
    state: 'stuck',
    reads: 'failed',
    make: async (id) => {
      const first = asks('first', { undo: 'cannotTakeBack' });
      world.source.down(`/${id}/second`);
      const stuck = { name: 'stuck', steps: [first, asks('second', { dependencies: ['first'] })] };
      await start(id, { on_failure: 'undo', input: { definition: stuck, inputs: id } });
      await shows(id, 'failed');
      world.source.down();
    },
    does: CLOSED,
  },
  {
    state: 'cancelled before it started',
    reads: 'cancelled',
    make: async (id) => {
      await create(id);
      await world.jobs.cancelWorkflow(id);
    },
    does: CLOSED,
  },
  {
    state: 'ended by Temporal',
    reads: 'failed',
    make: async (id) => {
      await running(id);
      await world.stack.client.workflow.getHandle(id).terminate();
    },
    does: { ...CLOSED, recover: 'completed', cancel: 'cancelled' },
  },
];

const CONTROLS: readonly Control[] = ['start', 'pause', 'resume', 'cancel', 'recover'];

function apply(control: Control, id: string): Promise<unknown> {
  const { jobs } = world;
  if (control === 'recover') return jobs.recoverWorkflow(id, 'first');
  return {
    start: () => jobs.startWorkflow(id),
    pause: () => jobs.pauseWorkflow(id),
    resume: () => jobs.resumeWorkflow(id),
    cancel: () => jobs.cancelWorkflow(id),
  }[control]();
}

/** The code of its refusal, or the state that it has come to once the source answers all. */
async function outcome(control: Control, id: string, expected: Does): Promise<string> {
  try {
    await apply(control, id);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 5) return error.code;
    throw error;
  }
  if (expected !== 'paused') world.source.release();
  await until(async () => (await statusOf(id)) === expected, 20_000, `${expected} of ${id} after ${control}`);
  return expected;
}

const statusOf = async (id: string): Promise<JobStatus> => (await world.jobs.getWorkflowProgress(id)).status;

const slugOf = (state: string): string => state.replaceAll(' ', '-');
const takes = STATES.flatMap(({ state, make, does }) =>
  CONTROLS.filter((control) => does[control] !== 'REFUSED').map((control) => ({ state, control, to: does[control], make })),
);

describe('a job', () => {
  it.each(STATES)('that is $state reads $reads, and is not moved by the controls that it refuses', async ({ state, reads, make, does }) => {
    const id = `${slugOf(state)}-refusing`;
    await make(id);
    await until(async () => (await statusOf(id)) === reads, 20_000, `${reads} of ${id}`);
    const refused = CONTROLS.filter((control) => does[control] === 'REFUSED');
    const said: [Control, string][] = [];
    for (const control of refused) said.push([control, await outcome(control, id, does[control])]);
    expect(said).toEqual(refused.map((control) => [control, 'REFUSED']));
    expect(await statusOf(id)).toBe(reads);
    world.source.release();
  });

  it.each(takes)('that is $state becomes $to by $control', async ({ state, control, to, make }) => {
    const id = `${slugOf(state)}-${control}`;
    await make(id);
    expect(await outcome(control, id, to)).toBe(to);
    world.source.release();
  });
});
