import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, type WorkflowOptions } from '@temporalio/client';
import type { Json, RunStatus } from '../contracts/ledger.ts';
import { SAGA_MEMO, type SagaMemo, type SagaStart } from '../contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';

/** What the first run and every re-entry of an id are started with. */
export interface SagaOptions {
  readonly id: string;
  readonly queue: string;
  readonly input: Json;
  readonly start: SagaStart;
  readonly memo: SagaMemo;
  readonly status: RunStatus;
  /** One line for lists; cut to what Temporal keeps. */
  readonly summary: string;
  readonly web_url: string | null;
  /** Whether an earlier, closed run of the id is expected. */
  readonly again: boolean;
}

const SUMMARY_BYTES = 200;

/** Temporal's start options of a saga. Never with an execution timeout: it would end the run without undo. */
export function workflowOptions(saga: SagaOptions): WorkflowOptions & { args: [Json, SagaStart] } {
  return {
    taskQueue: saga.queue,
    workflowId: saga.id,
    args: [saga.input, saga.start],
    memo: { [SAGA_MEMO]: saga.memo },
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.kind, value: saga.memo.kind },
      { key: SEARCH_ATTRIBUTES.status, value: saga.status },
    ],
    staticSummary: cutBytes(saga.summary, SUMMARY_BYTES),
    // Temporal Web fills {workflowId} in.
    staticDetails: detailsOf(saga),
    workflowIdReusePolicy: saga.again ? WorkflowIdReusePolicy.ALLOW_DUPLICATE : WorkflowIdReusePolicy.REJECT_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
  };
}

function cutBytes(text: string, limit: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (Buffer.byteLength(line) <= limit) return line;
  let cut = '';
  for (const char of line) {
    if (Buffer.byteLength(cut) + Buffer.byteLength(char) > limit - 3) break;
    cut += char;
  }
  return `${cut}…`;
}

/** What Temporal Web shows above a run; it fills in the id. */
function detailsOf({ web_url, memo }: SagaOptions): string {
  const link = web_url === null ? '' : `[Open in Cerebros](${web_url}/runs/{workflowId})\n\n`;
  return `${link}kind: ${memo.kind}, ${memo.plan.length} steps`;
}
