import { SUSPENSION_MS_MAX } from './step-protocol.ts';

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, { readonly expected: string; readonly fits: Check; readonly optional?: boolean }>>;

const text =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.length >= 1 && value.length <= max;
const whole =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
const isList: Check = (value) => Array.isArray(value);

const REPORT: Fields = {
  worker_id: { expected: 'a text of 1 to 500 characters', fits: text(500) },
  attempt: { expected: 'a whole number from 1', fits: whole(1, Number.MAX_SAFE_INTEGER) },
  started_at: { expected: 'a time, ISO 8601', fits: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)) },
};
const DATA: Fields = { data: { expected: 'JSON, null if there is none', fits: (value) => value !== undefined } };
const LONG = `a whole number of ms, at most ${SUSPENSION_MS_MAX} (10 years)`;

/** Fields of each status, as `contracts/step-protocol-schema.ts` has them; by hand, because zod is too large for the sandbox. */
const SHAPES: Readonly<Record<string, Fields>> = {
  SUCCESS: {
    ...REPORT,
    result: { expected: 'JSON, null if there is none', fits: (value) => value !== undefined },
    steps: { expected: 'a list of steps', fits: isList, optional: true },
  },
  SLEEP: { ...REPORT, ...DATA, duration_ms: { expected: LONG, fits: whole(0, SUSPENSION_MS_MAX) } },
  APPROVAL: {
    ...REPORT,
    ...DATA,
    approval_type: { expected: 'a text of 1 to 200 characters', fits: text(200) },
    timeout_ms: { expected: LONG, fits: whole(1, SUSPENSION_MS_MAX) },
    on_timeout: {
      expected: 'reject, approve or fail',
      fits: (value) => ['reject', 'approve', 'fail'].includes(String(value)),
      optional: true,
    },
    approvers: {
      expected: 'a list of 1 to 100 names',
      fits: (value) => Array.isArray(value) && value.length >= 1 && value.length <= 100 && value.every(text(200)),
      optional: true,
    },
  },
};

/** What keeps a worker's answer from being an `ExternalOutput`: the field, what was expected and what came. Null when it is one. */
export function externalOutputFault(output: unknown): string | null {
  if (typeof output !== 'object' || output === null || Array.isArray(output))
    return `expected an object {status, …} from its worker, got ${brief(output)}`;
  const given = output as Readonly<Record<string, unknown>>;
  const status = given['status'];
  const shape = typeof status === 'string' && Object.hasOwn(SHAPES, status) ? SHAPES[status] : undefined;
  if (!shape) return `status: expected SUCCESS, SLEEP or APPROVAL, got ${brief(status)}`;
  for (const [name, { expected, fits, optional }] of Object.entries(shape)) {
    const value = given[name];
    if (!(optional === true && value === undefined) && !fits(value)) return `${name}: expected ${expected}, got ${brief(value)}`;
  }
  const unknown = Object.keys(given).find((name) => name !== 'status' && !Object.hasOwn(shape, name));
  return unknown === undefined ? null : `expected no field ${unknown} in ${status as string}`;
}

function brief(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 100);
}
