import { ApplicationFailure } from '@temporalio/common';
import { ERROR_CODES, type ErrorCode } from './errors.ts';
import { externalStepFault } from './external-steps.ts';
import { brief, fieldsFault, isRecord, text, whole, type Fields } from './field-checks.ts';
import { JSON_DEPTH_MAX } from './json-issue.ts';
import { LIMITS } from './limits.ts';
import { encodeJson } from './payload-converter.ts';
import { SUSPENSION_MS_MAX, type ExternalOutput } from './step-protocol.ts';

const REPORT: Fields = {
  worker_id: { expected: 'a text of 1 to 500 characters', fits: text(500) },
  attempt: { expected: 'a whole number from 1', fits: whole(1, Number.MAX_SAFE_INTEGER) },
  started_at: { expected: 'a time, ISO 8601 with its zone', fits: isTime },
};
const DATA: Fields = { data: { expected: 'JSON, null if there is none', fits: (value) => value !== undefined } };
const LONG = `a whole number of ms, at most ${SUSPENSION_MS_MAX} (10 years)`;

/** Fields of each status, as `contracts/step-protocol-schema.ts` has them. */
const SHAPES: Readonly<Record<string, Fields>> = {
  SUCCESS: {
    ...REPORT,
    result: { expected: 'JSON, null if there is none', fits: (value) => value !== undefined },
    steps: { expected: 'a list of steps', fits: (value) => Array.isArray(value), optional: true },
  },
  SLEEP: { ...REPORT, ...DATA, duration_ms: { expected: LONG, fits: whole(0, SUSPENSION_MS_MAX) } },
  APPROVAL: {
    ...REPORT,
    ...DATA,
    approval_type: { expected: 'a text of 1 to 200 characters', fits: text(200) },
    timeout_ms: { expected: LONG, fits: whole(1, SUSPENSION_MS_MAX) },
    on_timeout: {
      expected: 'reject, approve or fail',
      fits: (value) => typeof value === 'string' && ['reject', 'approve', 'fail'].includes(value),
      optional: true,
    },
    approvers: {
      expected: 'a list of 1 to 100 names',
      fits: (value) => Array.isArray(value) && value.length >= 1 && value.length <= 100 && value.every(text(200)),
      optional: true,
    },
  },
};

/** Why an answer is not taken. */
export interface OutputFault {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Reads what an external worker answered, as the engine and whoever folds its history do: a step's answer, or that of its undo, whose
 * result nobody keeps. The time in it comes out as ISO 8601 in UTC, for Postgres reads fewer ways to write one than JavaScript.
 */
export function readExternalOutput(
  value: unknown,
  phase: 'do' | 'undo',
): { readonly output: ExternalOutput } | { readonly fault: OutputFault } {
  if (isDeep(value))
    return refused('VALUE_NOT_JSON', `expected values nested at most ${JSON_DEPTH_MAX} deep, got deeper ones: flatten them`);
  const fault = externalOutputFault(value);
  if (fault !== null) return refused('MALFORMED_RESULT', fault);
  // No fault: it has the shape.
  const said = value as ExternalOutput;
  const unfit = phase === 'do' ? contentFault(said) : undefined;
  return unfit ? { fault: unfit } : { output: { ...said, started_at: new Date(said.started_at).toISOString() } };
}

/** What keeps a worker's answer from being an `ExternalOutput`: the field, what was expected and what came. Null when it is one. */
export function externalOutputFault(output: unknown): string | null {
  if (!isRecord(output)) return `expected an object {status, …} from its worker, got ${brief(output)}`;
  const { status, ...fields } = output;
  const shape = typeof status === 'string' && Object.hasOwn(SHAPES, status) ? SHAPES[status] : undefined;
  return shape ? fieldsFault(fields, shape, String(status)) : `status: expected SUCCESS, SLEEP or APPROVAL, got ${brief(status)}`;
}

function refused(code: ErrorCode, message: string): { readonly fault: OutputFault } {
  return { fault: { code, message } };
}

/** What is kept is bounded as any value is: the result, the data that is put aside, and the steps that are added. */
function contentFault(output: ExternalOutput): OutputFault | undefined {
  if (output.status !== 'SUCCESS') return valueFault(output.data, 'its data');
  const { result, steps = [] } = output;
  for (const [idx, step] of steps.entries()) {
    const fault = externalStepFault(step);
    if (fault !== null) return { code: ERROR_CODES.INVALID_STEPS, message: `added steps[${idx}]: ${fault}` };
  }
  return valueFault(result, 'its result') ?? valueFault(steps, 'the list of steps that it adds');
}

function valueFault(value: unknown, what: string): OutputFault | undefined {
  try {
    encodeJson(value, what, LIMITS.valueBytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return { code: error.type as ErrorCode, message: error.message };
  }
}

/** Walks level by level, because what recurses ends with the stack; the answer's own fields are one level more. */
function isDeep(answer: unknown): boolean {
  let level: readonly unknown[] = [answer];
  for (let depth = 0; depth <= JSON_DEPTH_MAX + 1; depth += 1) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : []));
    if (level.length === 0) return false;
  }
  return true;
}

const DATE_TIME = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A day that there is, in a year that Postgres has too, whatever the zone. */
function isTime(value: unknown): boolean {
  const day = typeof value === 'string' ? DATE_TIME.exec(value)?.[1] : undefined;
  if (day === undefined || day < '0001-01-02' || day > '9999-12-30') return false;
  // JavaScript goes on into the next month where there is no such day.
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
