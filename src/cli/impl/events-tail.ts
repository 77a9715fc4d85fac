import { storedEvents, type StoredEvent } from '../../client/recent-events.ts';
import { subscribe } from '../../client/subscribe.ts';
import type { CliContext } from '../context.ts';
import type { EventsFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { plainLine } from '../text/plain.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `events tail`: a JSON document a line, in JSON modes too, because the end may never come. */
export async function eventsTail(this: CliContext, flags: EventsFlags): Promise<void> {
  const output = outputOf(this, flags);
  const { topic = 'cerebros.**', from } = flags;
  const print = (event: StoredEvent): void => output.item(event, () => eventLine(event));
  await useCerebros(this, flags, async (cerebros) => {
    const seen = await storedEvents(cerebros, { topic, from }, print);
    if (!flags.follow) return;
    const sql = await cerebros.ledger();
    const onError = (error: unknown): void => output.warn(`the ledger does not answer; trying on: ${String(error)}`);
    await subscribe(sql, topic, print, { from: seen + 1, signal: new AbortController().signal, onError });
  });
}

function eventLine({ seq, time, type, subject, data }: StoredEvent): string {
  const step = typeof data === 'object' && data !== null && 'step_name' in data && typeof data.step_name === 'string' ? data.step_name : '';
  return plainLine(`${seq} ${time.slice(11, 19)} ${type.replace(/^cerebros\./, '')} ${subject} ${step}`, 200);
}
