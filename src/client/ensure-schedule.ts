import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { Json } from '../contracts/ledger.ts';

/** A workflow that Temporal starts again and again. */
export interface RecurringWorkflow {
  /** Of the schedule; its runs are named `<id>-<time>`. */
  readonly id: string;
  /** Between two starts, at least 1,000; Temporal rounds to seconds. 0: there is to be no such schedule. */
  readonly every_ms: number;
  readonly workflow_type: string;
  readonly queue: string;
  /** Default: none. */
  readonly input?: Json;
  /** Of one run, after which Temporal ends it. */
  readonly timeout_ms: number;
  /** One line for Temporal Web: the schedule's note, and the summary of its runs. */
  readonly summary: string;
}

/** A start that is later than this is left out: the next one does its work. */
const CATCHUP = '10 seconds';

/** Longest wait for Temporal's answers, in ms. */
const ENSURE_MS = 10_000;

/**
 * Makes the schedule, or brings an older one up to date; with `every_ms` 0 takes it away. Does nothing the second time, from however many
 * workers. A start is left out while the one before still runs. A schedule that a person has paused stays paused, with their note.
 * Throws what Temporal's client throws.
 */
export function ensureSchedule(client: Client, workflow: RecurringWorkflow): Promise<void> {
  return client.withDeadline(Date.now() + ENSURE_MS, () => (workflow.every_ms === 0 ? remove(client, workflow.id) : put(client, workflow)));
}

async function put({ schedule: schedules }: Client, workflow: RecurringWorkflow): Promise<void> {
  const { id, summary } = workflow;
  const wanted = wantedOf(workflow);
  try {
    await schedules.create({ scheduleId: id, ...wanted, state: { note: summary } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // `state` holds a person's pause and note.
    await schedules.getHandle(id).update(({ state }) => ({ ...wanted, state }));
  }
}

async function remove({ schedule: schedules }: Client, id: string): Promise<void> {
  try {
    await schedules.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

function wantedOf({ id, every_ms, workflow_type, queue, input, timeout_ms, summary }: RecurringWorkflow) {
  return {
    spec: { intervals: [{ every: every_ms }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP },
    action: {
      type: 'startWorkflow' as const,
      workflowId: id,
      workflowType: workflow_type,
      taskQueue: queue,
      args: input === undefined ? [] : [input],
      workflowExecutionTimeout: timeout_ms,
      staticSummary: summary,
    },
  };
}
