import { temporal } from '@temporalio/proto';
import type { Json } from '../../src/contracts/ledger.ts';
import type { PlanStep } from '../../src/contracts/plan.ts';
import type { SagaClose } from '../../src/contracts/saga-close.ts';
import type { SagaStart } from '../../src/contracts/saga-start.ts';
import type { HistoryEvent } from '../../src/client/history/decode.ts';

type Fields = Record<string, unknown>;

/** A payload as workers send it. */
export function payload(value: unknown): Fields {
  return value === undefined ? { metadata: { encoding: bytes('binary/null') } } : raw(JSON.stringify(value));
}

/** A payload of any text. */
export function raw(text: string, encoding = 'json/plain'): Fields {
  return { metadata: { encoding: bytes(encoding) }, data: bytes(text) };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** An application failure. */
export function failure(type: string, message: string, details?: unknown): Fields {
  return { message, applicationFailureInfo: { type, ...(details === undefined ? {} : { details: { payloads: [payload(details)] } }) } };
}

/** A timeout; 1 start to close, 2 schedule to start, 3 schedule to close, 4 heartbeat. */
export function timeoutFailure(timeoutType: number): Fields {
  return { message: 'timed out', timeoutFailureInfo: { timeoutType } };
}

export const CANCELLED_FAILURE: Fields = { message: '', canceledFailureInfo: {} };

/** What a worker returns for a step. */
export function returned(output?: Json, steps?: readonly PlanStep[]): Fields {
  return {
    ...(output === undefined ? {} : { output }),
    attempt: 1,
    worker_id: 'w1',
    started_at: '2026-01-01T00:00:00.500Z',
    ...(steps ? { steps } : {}),
  };
}

export interface BuilderOptions {
  readonly steps?: readonly PlanStep[];
  readonly start?: SagaStart;
  readonly input?: Json;
  readonly memo?: boolean;
  readonly run_id?: string;
}

/** Writes histories as the server would: ids from 1, tasks around commands. Each method adds events and answers the id of the first. */
export class HistoryBuilder {
  readonly #events: Fields[] = [];
  #started = 0;
  #completed = 0;

  constructor(options: BuilderOptions = {}) {
    const {
      steps = [{ name: 'a' }, { name: 'b', needs: ['a'] }, { name: 'c', needs: ['b'] }],
      start,
      input = { x: 1 },
      memo = true,
      run_id = 'run-1',
    } = options;
    const payloads = [payload(input), ...(start ? [payload(start)] : [])];
    const fields = memo ? { memo: { fields: { cerebros: payload({ kind: 'training-run', plan: steps }) } } } : {};
    this.add('workflowExecutionStarted', {
      workflowType: { name: 'trainingRun' },
      input: { payloads },
      originalExecutionRunId: run_id,
      ...fields,
    });
  }

  get events(): readonly HistoryEvent[] {
    return temporal.api.history.v1.History.fromObject({ events: this.#events }).events;
  }

  get lastId(): number {
    return this.#events.length;
  }

  add(kind: string, attributes: Fields, summary?: string): number {
    const eventId = this.#events.length + 1;
    const userMetadata = summary === undefined ? {} : { userMetadata: { summary: payload(summary) } };
    this.#events.push({
      eventId,
      eventTime: { seconds: 1_767_225_600 + eventId, nanos: 0 },
      ...userMetadata,
      [`${kind}EventAttributes`]: attributes,
    });
    return eventId;
  }

  /** A workflow task begins; answers its `history_length`. */
  taskStarted(): number {
    const scheduledEventId = this.add('workflowTaskScheduled', {});
    this.#started = this.add('workflowTaskStarted', { scheduledEventId });
    return this.#started;
  }

  taskCompleted(): number {
    this.#completed = this.add('workflowTaskCompleted', { startedEventId: this.#started });
    return this.#completed;
  }

  /** A whole task with what its commands wrote; answers its `history_length`. */
  task(commands: () => void = () => undefined): number {
    const started = this.taskStarted();
    this.taskCompleted();
    commands();
    return started;
  }

  taskTimedOut(): number {
    return this.add('workflowTaskTimedOut', { startedEventId: this.#started });
  }

  command(kind: string, attributes: Fields, summary?: string): number {
    return this.add(kind, { ...attributes, workflowTaskCompletedEventId: this.#completed }, summary);
  }

  scheduled(activityId: string): number {
    return this.command('activityTaskScheduled', { activityId, activityType: { name: 'act' } });
  }

  completed(scheduledEventId: number, result: Fields = payload(returned())): number {
    const startedEventId = this.add('activityTaskStarted', { scheduledEventId, attempt: 2, identity: 'w0' });
    return this.add('activityTaskCompleted', { scheduledEventId, startedEventId, result: { payloads: [result] } });
  }

  failed(scheduledEventId: number, why: Fields): number {
    return this.add('activityTaskFailed', { scheduledEventId, failure: why });
  }

  timedOut(scheduledEventId: number, type = 1): number {
    return this.add('activityTaskTimedOut', { scheduledEventId, failure: timeoutFailure(type) });
  }

  cancelled(scheduledEventId: number): number {
    return this.add('activityTaskCanceled', { scheduledEventId });
  }

  /** A light step's marker: a result, or a failure. */
  marker(summary: string, end: { readonly result?: Fields; readonly failure?: Fields; readonly backoff?: boolean }): number {
    const data = payload({
      seq: 1,
      attempt: 3,
      activity_id: '1',
      activity_type: 'x',
      backoff: end.backoff ? { seconds: 1, nanos: 0 } : null,
    });
    const details = { data: { payloads: [data] }, ...(end.result ? { result: { payloads: [end.result] } } : {}) };
    return this.command(
      'markerRecorded',
      { markerName: 'core_local_activity', details, ...(end.failure ? { failure: end.failure } : {}) },
      summary,
    );
  }

  /** Parent close policy 3 request cancel, 2 abandon. */
  child(summary: string, parentClosePolicy: 2 | 3 = 3): number {
    return this.command('startChildWorkflowExecutionInitiated', { workflowId: 'kid', parentClosePolicy }, summary);
  }

  childStarted(initiatedEventId: number): number {
    return this.add('childWorkflowExecutionStarted', { initiatedEventId, workflowExecution: { workflowId: 'kid', runId: 'kid-run' } });
  }

  childEnded(how: 'Completed' | 'Failed' | 'Canceled' | 'TimedOut' | 'Terminated', initiatedEventId: number, more: Fields = {}): number {
    return this.add(`childWorkflowExecution${how}`, { initiatedEventId, ...more });
  }

  update(name: string, arg?: Json): number {
    const args = arg === undefined ? {} : { args: { payloads: [payload(arg)] } };
    return this.add('workflowExecutionUpdateAccepted', { acceptedRequest: { input: { name, ...args } } });
  }

  /** Closes the run as a saga does. */
  close(close: SagaClose): number {
    return this.command('workflowExecutionFailed', { failure: failure(`SAGA_${close.status.toUpperCase()}`, close.status, close) });
  }

  finish(result: Json = null): number {
    return this.command('workflowExecutionCompleted', { result: { payloads: [payload(result)] } });
  }

  /** One task that calls a step's activity, and the activity's end. */
  did(callId: string, output: Json = null): number {
    let scheduled = 0;
    this.task(() => (scheduled = this.scheduled(callId)));
    this.completed(scheduled, payload(returned(output)));
    return scheduled;
  }

  /** The same, with a failure. */
  broke(callId: string, why: Fields = failure('BOOM', 'it broke')): number {
    let scheduled = 0;
    this.task(() => (scheduled = this.scheduled(callId)));
    this.failed(scheduled, why);
    return scheduled;
  }
}
