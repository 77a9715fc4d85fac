import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { runNotFound, isNotFound } from './errors.ts';
import type { HistoryEvent } from './history/decode.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';

/** The events of a run, by default the latest of the id; undefined when Temporal does not have it. Throws what Temporal's client throws. */
export async function fetchHistory(client: Client, id: string, runId?: string): Promise<readonly HistoryEvent[] | undefined> {
  try {
    const history = await client.workflow.getHandle(id, runId).fetchHistory();
    return history.events ?? [];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The history as Temporal's own tools write it, ready for a replay. Throws RUN_NOT_FOUND (exit 4) when there is none. */
export async function historyJson(client: Client, id: string, runId?: string): Promise<string> {
  const events = await fetchHistory(client, id, runId);
  if (!events) throw runNotFound(id);
  return historyToJSON({ events: [...events] });
}

/** Ids of all sagas that Temporal knows, open and closed; an id comes once for each of its runs. */
export async function* listSagaIds(client: Client): AsyncGenerator<string> {
  for await (const { workflowId } of client.workflow.list({ query: `${SEARCH_ATTRIBUTES.kind.name} IS NOT NULL` })) yield workflowId;
}
