import { randomUUID } from 'node:crypto';

/** Thrown by a handler when the API refuses a request; `id` and `message` become the body, with a request id. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly body: object;

  constructor(status: number, message: string, body?: object) {
    super(message);
    this.status = status;
    this.body = body ?? { id: PROBLEM_IDS[status] ?? 'server_error', message, request_id: randomUUID() };
  }
}

const PROBLEM_IDS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'request_entity_too_large',
  422: 'unprocessable_entity',
  429: 'too_many_requests',
  501: 'not_emulated',
};

export const notFound = (): Problem => new Problem(404, 'The resource you requested could not be found.');

/** Validation failed, a quota is used up, or the resource is locked. */
export const unprocessable = (message: string): Problem => new Problem(422, message);

export const conflict = (message: string): Problem => new Problem(409, message);
