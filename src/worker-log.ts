import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';

/** What a line names, if the entry has it. */
const FIELDS = ['workflowId', 'activityId', 'attempt', 'taskQueue'] as const;

/**
 * Said at every start of a worker, and true: a queue need not serve both workflows and activities. And, for each flush of an outage of
 * Postgres that ended after its 500 ms, that it came too late.
 */
const NOISE = [
  /^No workflows registered/,
  /^No Nexus services registered/,
  /^Worker state changed/,
  /^Activity not found on completion/,
  /^Tried to complete untracked local activity/,
];

/** Log of a worker: one line an entry on stderr, without stack traces; everything else is in Temporal Web. */
export function workerLogger(): DefaultLogger {
  return new DefaultLogger('INFO', (entry) => {
    if (!isNoise(entry)) process.stderr.write(`${lineOf(entry)}\n`);
  });
}

/** A saga that closes as it should, even as failed, is no news for a log: its ledger tells. */
function isNoise({ message, meta }: LogEntry): boolean {
  const { error } = meta ?? {};
  const closed = error instanceof ApplicationFailure && error.type?.startsWith('SAGA_') === true;
  return closed || NOISE.some((noise) => noise.test(message));
}

function lineOf({ level, message, timestampNanos, meta = {} }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const fields = FIELDS.filter((name) => name in meta).map((name) => `${name}=${String(meta[name])}`);
  const error = meta['error'] instanceof Error ? [`error=${JSON.stringify(meta['error'].message)}`] : [];
  return [time, level, message, ...fields, ...error].join(' ');
}
