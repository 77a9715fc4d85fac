import { Connection } from '@temporalio/client';
import postgres from 'postgres';
import type { Stack } from '../../src/stack/stack.ts';

/** Runs one statement in the stack's ledger. */
export async function query(stack: Stack, statement: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(stack.database_url, { max: 1, onnotice: () => undefined });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Starts a workflow that no worker serves. */
export async function startRun(stack: Stack, workflowId: string): Promise<void> {
  await withTemporal(stack, (connection) =>
    connection.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'nobody' },
      taskQueue: { name: 'nobody' },
    }),
  );
}

/** Whether the stack's Temporal knows this workflow. */
export async function runExists(stack: Stack, workflowId: string): Promise<boolean> {
  const answer = await withTemporal(stack, (connection) =>
    connection.workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } }),
  );
  return answer.workflowExecutionInfo?.execution?.workflowId === workflowId;
}

async function withTemporal<T>(stack: Stack, call: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.temporal_address });
  try {
    return await call(connection);
  } finally {
    await connection.close();
  }
}
