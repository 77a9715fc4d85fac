import type { Client } from '@temporalio/client';
import type { Json } from '../contracts/ledger.ts';
import { payloadConverter } from '../contracts/payload-converter.ts';
import { SAGA_MEMO, type SagaMemo, type SagaStart } from '../contracts/saga-start.ts';

/** What the latest run of an id was started with, from the first event of its history. */
export interface FirstEvent {
  readonly run_id: string;
  readonly workflow_type: string;
  readonly queue: string;
  readonly input: Json;
  readonly start: SagaStart | undefined;
  readonly memo: SagaMemo | undefined;
  /** When it started, ISO 8601. */
  readonly time: string;
}

/** Reads one event, whatever the length of the history. Throws what Temporal's client throws. */
export async function firstEvent(client: Client, id: string): Promise<FirstEvent> {
  const { namespace } = client.options;
  const answer = await client.workflowService.getWorkflowExecutionHistory({ namespace, execution: { workflowId: id }, maximumPageSize: 1 });
  const event = answer.history?.events?.[0];
  const started = event?.workflowExecutionStartedEventAttributes;
  if (!event || !started) throw new Error(`run ${id}: expected a history that begins with WorkflowExecutionStarted, got none`);
  const [input, start] = started.input?.payloads ?? [];
  const memo = started.memo?.fields?.[SAGA_MEMO];
  return {
    run_id: started.originalExecutionRunId ?? '',
    workflow_type: started.workflowType?.name ?? '',
    queue: started.taskQueue?.name ?? '',
    input: input ? payloadConverter.fromPayload<Json>(input) : null,
    start: start && payloadConverter.fromPayload<SagaStart>(start),
    memo: memo && payloadConverter.fromPayload<SagaMemo>(memo),
    time: new Date(1000 * Number(event.eventTime?.seconds ?? 0) + (event.eventTime?.nanos ?? 0) / 1e6).toISOString(),
  };
}
