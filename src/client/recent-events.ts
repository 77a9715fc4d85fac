import { topicMatches } from '../contracts/topics.ts';
import { eventsAfter, type StoredEvent } from '../ledger/queries/events-after.ts';
import { latestSeq } from '../ledger/queries/latest-seq.ts';
import { callLedger, type Cerebros } from './connect.ts';

export type { StoredEvent };

/** Which stored events are wanted. */
export interface EventQuery {
  /** `*` stands for one segment, `**` for any number. */
  readonly topic: string;
  /** The first sequence number; without it the newest 20 events that match. */
  readonly from?: number | undefined;
}

/** Without `from`: how many of the newest. */
const LAST = 20;
/** How far back the newest are looked for: a narrow pattern matches few of many. */
const LOOK_BACK = 1000;
const PAGE = 1000;

/** Hands on the stored events in order; returns the last sequence number looked at. Throws LEDGER_UNREACHABLE (exit 3). */
export async function storedEvents(cerebros: Cerebros, { topic, from }: EventQuery, handle: (event: StoredEvent) => void): Promise<number> {
  const newest: StoredEvent[] = [];
  let after = from === undefined ? Math.max(0, (await callLedger(cerebros, (sql) => latestSeq(sql))) - LOOK_BACK) : Math.max(0, from - 1);
  for (;;) {
    const page = await pageAfter(cerebros, after);
    const matching = page.filter((event) => topicMatches(topic, event.type));
    if (from === undefined) newest.push(...matching);
    else matching.forEach(handle);
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE) break;
  }
  newest.slice(-LAST).forEach(handle);
  return after;
}

function pageAfter(cerebros: Cerebros, after: number): Promise<StoredEvent[]> {
  return callLedger(cerebros, (sql) => eventsAfter(sql, { after, limit: PAGE }));
}
