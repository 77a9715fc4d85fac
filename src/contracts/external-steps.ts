import { brief, fieldsFault, isRecord, whole, type Fields } from './field-checks.ts';
import type { PlanStep } from './plan.ts';
import { STEP_MS_MAX } from './step-protocol.ts';

const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** Temporal refuses queues that begin so, and the workflow task with them, for ever. */
const RESERVED_QUEUE = '/_sys/';

/** Without half a surrogate pair, which cannot be sent: it would end the worker that tries to. */
const SENDABLE = /^\P{Cs}{1,200}$/su;

const isSendable = (value: unknown): boolean => typeof value === 'string' && SENDABLE.test(value);
const optional = true;
const ms = (min: number): Fields[string] => ({
  expected: `a whole number of ms from ${min} to ${STEP_MS_MAX} (a year)`,
  fits: whole(min, STEP_MS_MAX),
  optional,
});
const retries = { expected: 'a whole number from 0 to 1000', fits: whole(0, 1000), optional };
const taskType = { expected: 'a text of 1 to 200 characters', fits: isSendable, optional };
const queue = {
  expected: `a text of 1 to 200 characters that does not begin with ${RESERVED_QUEUE}`,
  fits: (value: unknown) => isSendable(value) && !String(value).startsWith(RESERVED_QUEUE),
  optional,
};
const flag = { expected: 'true or false', fits: (value: unknown) => typeof value === 'boolean', optional };

const UNDO: Fields = { task_type: taskType, queue, max_retries: retries, timeout_ms: ms(1) };

/** As in the schemas of `step-protocol-schema.ts`. */
const STEP: Fields = {
  name: { expected: 'letters, digits, ".", "_" or "-", 1 to 100 of them', fits: isName },
  task_type: taskType,
  queue,
  needs: { expected: 'a list of step names', fits: (value) => Array.isArray(value) && value.every(isName), optional },
  inputs: { expected: 'JSON', fits: () => true, optional },
  max_retries: retries,
  timeout_ms: ms(1),
  heartbeat_ms: ms(500),
  estimated_duration_s: { expected: 'a number over 0', fits: (value) => Number.isFinite(value) && Number(value) > 0, optional },
  schedule_to_start_ms: ms(100),
  external: flag,
  undo: { expected: 'an object {task_type?, queue?, max_retries?, timeout_ms?}', fits: isRecord, optional },
  light: flag,
  always: flag,
  label: { expected: 'a text of at most 120 characters', fits: (value) => typeof value === 'string' && value.length <= 120, optional },
};

/** What keeps a step from being run by an external worker: the field, what was expected and what came. Null when nothing does. */
export function externalStepFault(step: unknown): string | null {
  if (!isRecord(step)) return `expected {name, needs?, …}, got ${brief(step)}`;
  const fault = fieldsFault(step, STEP, 'a step');
  if (fault !== null || step['undo'] === undefined) return fault;
  const inUndo = isRecord(step['undo']) ? fieldsFault(step['undo'], UNDO, 'an undo') : null;
  return inUndo === null ? null : `undo: ${inUndo}`;
}

/** Steps that an external step adds: external too, and on its queue unless they say otherwise. They run as any other: not light, not last. */
export function externalSteps(steps: readonly PlanStep[], onQueue: string | undefined): PlanStep[] {
  return steps.map(({ light: _light, always: _always, ...step }) => ({
    ...(onQueue === undefined ? {} : { queue: onQueue }),
    ...step,
    external: true,
  }));
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value);
}
