/** The catalogue of error codes: the `type` of our ApplicationFailures and the `code` of rows. None of them is retried by Temporal. */
export const ERROR_CODES = {
  /** Thrown by an activity when it knows that it left nothing behind; its step is then not undone. Only on attempt 1, or after it looked. */
  NO_EFFECT: 'NO_EFFECT',
  /** The input does not fit the schema. */
  INVALID_INPUT: 'INVALID_INPUT',
  /** A value, context or workflow task is over its bound: store it as an artifact. */
  PAYLOAD_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  /** A value holds NaN, Infinity or something else that JSON cannot carry. */
  VALUE_NOT_JSON: 'VALUE_NOT_JSON',
  /** A worker's answer is not the JSON, or not the shape, that was agreed on. */
  MALFORMED_RESULT: 'MALFORMED_RESULT',
  /** A dynamic step does not fit the plan. */
  INVALID_STEPS: 'INVALID_STEPS',
  /** The engine was used against its rules; the message says which. */
  ENGINE_MISUSE: 'ENGINE_MISUSE',
  /** A sibling did not settle in time after it was cancelled. */
  DID_NOT_SETTLE: 'DID_NOT_SETTLE',
  /** The body did not come to a recorded step when it was run again. */
  NOT_REACHED: 'NOT_REACHED',
  /** What a step of another language asked for does not match what it asked for before. */
  RESUME_MISMATCH: 'RESUME_MISMATCH',
  /** Nobody decided in time, and the step said that this fails it. */
  APPROVAL_TIMEOUT: 'APPROVAL_TIMEOUT',
  /** Refused by the validator of an update. */
  REFUSED: 'REFUSED',
  /** The connection to a service was lost; the outcome is unknown. */
  CONNECTION_LOST: 'CONNECTION_LOST',
  /** Types of the failure a saga closes with; `details[0]` is a `SagaClose`. */
  SAGA_ROLLED_BACK: 'SAGA_ROLLED_BACK',
  SAGA_FAILED: 'SAGA_FAILED',
  SAGA_HALTED: 'SAGA_HALTED',
  SAGA_CANCELLED: 'SAGA_CANCELLED',
} as const;

export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];

/** What a row says of a timeout, by Temporal's name of it. */
export function timeoutMessage(name: string): string {
  return name === 'ScheduleToStart' ? 'ScheduleToStart timeout: no worker polls the queue of this step' : `${name} timeout`;
}

/** Step errors that Temporal's own failures map to. */
export const TIMEOUT = 'TIMEOUT';
export const CANCELLED = 'CANCELLED';
