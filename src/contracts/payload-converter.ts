import {
  ApplicationFailure,
  BinaryPayloadConverter,
  CompositePayloadConverter,
  UndefinedPayloadConverter,
  type Payload,
  type PayloadConverterWithEncoding,
} from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import { ERROR_CODES } from './errors.ts';
import { LIMITS } from './limits.ts';

const ENCODING = 'json/plain';

/** What a payload that is no JSON decodes to. A throw here would fail the workflow task, for ever, out of reach of any catch. */
export interface MalformedPayload {
  readonly __malformed: string;
}

export function isMalformed(value: unknown): value is MalformedPayload {
  return typeof value === 'object' && value !== null && '__malformed' in value;
}

/** JSON as UTF-8. Throws a non-retryable `VALUE_NOT_JSON` or `PAYLOAD_TOO_LARGE` that says where; `what` names the value. */
export function encodeJson(value: unknown, what: string, limitBytes: number): Uint8Array {
  const bytes = encode(JSON.stringify(value, (key, inner: unknown) => refuseNonJson(inner, key, what)) ?? 'null');
  if (bytes.length > limitBytes) {
    throw ApplicationFailure.nonRetryable(
      `${what} is ${bytes.length} bytes of JSON, expected at most ${limitBytes}: store it as an artifact and pass its reference`,
      ERROR_CODES.PAYLOAD_TOO_LARGE,
    );
  }
  return bytes;
}

function refuseNonJson(value: unknown, key: string, what: string): unknown {
  const wrong =
    (typeof value === 'number' && !Number.isFinite(value)) ||
    typeof value === 'bigint' ||
    typeof value === 'function' ||
    typeof value === 'symbol' ||
    value instanceof Map ||
    value instanceof Set;
  if (!wrong) return value;
  const at = key === '' ? '' : ` at "${key}"`;
  const got = value instanceof Map ? 'a Map' : value instanceof Set ? 'a Set' : typeof value === 'function' ? 'a function' : String(value);
  throw ApplicationFailure.nonRetryable(
    `${what} holds ${got}${at}, which JSON cannot carry: expected finite numbers, strings, booleans, null, arrays and plain objects`,
    ERROR_CODES.VALUE_NOT_JSON,
  );
}

/** JSON that refuses what JSON would silently change (NaN becomes null), and never throws on what it reads. */
class StrictJsonPayloadConverter implements PayloadConverterWithEncoding {
  readonly encodingType = ENCODING;

  toPayload(value: unknown): Payload | undefined {
    if (value === undefined) return undefined;
    return { metadata: { encoding: encode(ENCODING) }, data: encodeJson(value, 'a payload', LIMITS.payloadBytes) };
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the SDK's signature
  fromPayload<T>(payload: Payload): T {
    const text = decode(payload.data ?? new Uint8Array());
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      return { __malformed: `expected JSON, got ${JSON.stringify(text.slice(0, 60))}: ${String(error)}` } as T;
    }
  }
}

/** The payload converter of workers, clients and the workflow sandbox; the SDK looks it up by this name. */
export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new BinaryPayloadConverter(),
  new StrictJsonPayloadConverter(),
);
