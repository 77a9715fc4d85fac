import { setTimeout as sleep } from 'node:timers/promises';
import { topicMatches } from '../contracts/topics.ts';
import type { Sql } from '../ledger/connection.ts';
import { eventsAfter } from '../ledger/queries/events-after.ts';
import type { StoredEvent } from '../ledger/queries/events-after.ts';
import { latestSeq } from '../ledger/queries/latest-seq.ts';
import { untilAborted } from '../ledger/until-aborted.ts';

/** How `subscribe` follows the events. */
export interface SubscribeOptions {
  /** The first `seq` wanted; after a restart the last one handled plus 1. Default: only events that come from now on. */
  readonly from?: number;
  /** Pause between two looks when there is nothing new. Default 250. */
  readonly poll_ms?: number;
  /** Ends the subscription. */
  readonly signal: AbortSignal;
  /** Told of each failed look at Postgres; the subscription goes on. */
  readonly onError?: (error: unknown) => void;
}

/** Gets one event; the next one waits until it is done. */
export type EventHandler = (event: StoredEvent) => void | Promise<void>;

const PAGE = 500;
const BACKOFF_MS_MAX = 5_000;

/**
 * Calls the handler with every event whose type matches the pattern (`*` one segment, `**` any number), in order and without gaps,
 * through restarts of Postgres, until the signal is aborted; then it resolves. Rejects only with an error of the handler.
 *
 * @example await subscribe(sql, 'cerebros.saga.step.*', (event) => console.log(event.subject), { from: 1, signal });
 */
export async function subscribe(sql: Sql, topicPattern: string, handler: EventHandler, options: SubscribeOptions): Promise<void> {
  const { from, poll_ms = 250, signal } = options;
  let seen = from === undefined ? await persist(() => latestSeq(sql), options) : from - 1;
  while (seen !== undefined) {
    const after: number = seen;
    const page = await persist(() => eventsAfter(sql, { after, limit: PAGE }, signal), options);
    for (const event of page ?? []) {
      if (signal.aborted) return;
      if (topicMatches(topicPattern, event.type)) await handler(event);
      seen = event.seq;
    }
    if (page === undefined) return;
    if (page.length < PAGE) await pause(poll_ms, signal);
    if (signal.aborted) return;
  }
}

/** Tries until it succeeds, ever slower up to 5 s; undefined once the signal is aborted. */
async function persist<T>(look: () => Promise<T>, { signal, onError }: SubscribeOptions): Promise<T | undefined> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      return await untilAborted(look(), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      onError?.(error);
      await pause(Math.min(100 * 2 ** Math.min(failures, 10), BACKOFF_MS_MAX), signal);
    }
  }
  return undefined;
}

/** Sleeps; an abort ends it early. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
