import { UserError } from '../contracts/user-error.ts';

// Temporal's errors are known by their fields here: its client takes long to load, and `--help` formats errors too.

const NOT_FOUND = 5;
const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;

/** No run of this id, neither in the ledger nor in Temporal. */
export function runNotFound(id: string): UserError {
  return new UserError('RUN_NOT_FOUND', `run ${id}: expected a run that exists, found none`, { hint: 'cerebros list', exitCode: 4 });
}

/** The run, or a rule, says no. */
export function refused(message: string, hint: string, cause?: unknown): UserError {
  return new UserError('REFUSED', message, { hint, exitCode: 5, cause });
}

export function invalidInput(message: string, hint: string, cause?: unknown): UserError {
  return new UserError('INVALID_INPUT', message, { hint, exitCode: 2, cause });
}

export function temporalUnreachable(address: string, cause?: unknown): UserError {
  return new UserError('TEMPORAL_UNREACHABLE', `Temporal at ${address} does not answer${because(cause)}`, {
    hint: 'cerebros dev   (or give --address, or set TEMPORAL_ADDRESS)',
    exitCode: 3,
    cause,
  });
}

export function ledgerUnreachable(databaseUrl: string, cause?: unknown): UserError {
  return new UserError('LEDGER_UNREACHABLE', `the ledger (Postgres at ${hostOf(databaseUrl)}) does not answer${because(cause)}`, {
    hint: 'cerebros dev   (or set DATABASE_URL)',
    exitCode: 3,
    cause,
  });
}

/** A worker did not answer in time. */
export function noWorker(what: string, queue: string): UserError {
  return new UserError('NO_WORKER', `${what}: no worker polls the queue ${queue}, or it did not answer in time`, {
    hint: 'cerebros worker',
    exitCode: 5,
  });
}

/** Is this error Temporal's way to say that there is no such (open) workflow? */
export function isNotFound(error: unknown): boolean {
  return (error instanceof Error && error.name === 'WorkflowNotFoundError') || grpcCode(error) === NOT_FOUND;
}

/** Is this error a lost, refused or late connection? */
export function isUnreachable(error: unknown): boolean {
  const code = grpcCode(error);
  return code === UNAVAILABLE || code === DEADLINE_EXCEEDED;
}

/** gRPC's status code, of an error of gRPC or of the ServiceError around it. */
function grpcCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('details' in error && 'code' in error && typeof error.code === 'number') return error.code;
  return error.name === 'ServiceError' ? grpcCode(error.cause) : undefined;
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EPIPE',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  '57P01',
  '57P03',
]);

/** Is this error of the Postgres client a lost or refused connection, and not an answer of the database? */
export function isLedgerUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isLedgerUnreachable);
  return 'code' in error && typeof error.code === 'string' && CONNECTION_CODES.has(error.code);
}

function because(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const root = cause.cause instanceof Error ? cause.cause : cause;
  const [line = ''] = root.message.split('\n');
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}

/** Host and port only: a database URL may hold a password. */
function hostOf(databaseUrl: string): string {
  try {
    return new URL(databaseUrl).host || 'a local socket';
  } catch {
    return 'an unreadable DATABASE_URL';
  }
}
