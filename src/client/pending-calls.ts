import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { parseCallId } from '../contracts/ids.ts';
import { payloadConverter } from '../contracts/payload-converter.ts';
import type { PendingCall } from '../contracts/progress.ts';

/** An activity that Temporal has under way. */
export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** No worker has it. */
const SCHEDULED = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;

/** The step calls that Temporal has under way, with attempt and last heartbeat; the engine's own activities are left out. */
export function pendingCalls(description: WorkflowExecutionDescription | undefined): PendingCall[] {
  return (description?.raw.pendingActivities ?? []).flatMap((activity) => pendingCall(activity) ?? []);
}

function pendingCall(activity: PendingActivity): PendingCall | undefined {
  const call = parseCallId(activity.activityId ?? '');
  if (!call) return undefined;
  const heartbeat = heartbeatOf(activity);
  return {
    step_idx: call.step_idx,
    state: activity.state === SCHEDULED ? 'scheduled' : 'started',
    attempt: activity.attempt ?? 1,
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(activity.lastFailure?.message ? { last_failure: activity.lastFailure.message } : {}),
    ...(activity.lastWorkerIdentity ? { worker_id: activity.lastWorkerIdentity } : {}),
  };
}

/** What it heartbeat last; undefined when it did not. */
export function heartbeatOf({ heartbeatDetails }: PendingActivity): unknown {
  return decode(heartbeatDetails?.payloads?.[0]);
}

/** A heartbeat of a worker in another language need not be JSON. */
function decode(payload: Payload | undefined): unknown {
  if (!payload) return undefined;
  try {
    return payloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}
