import type { WorkflowExecutionDescription } from '@temporalio/client';
import { callTemporal, type Cerebros } from './connect.ts';
import { isNotFound, runNotFound } from './errors.ts';

/** Temporal's own view of the latest run of an id; undefined when it knows none. */
export async function describeRun(cerebros: Cerebros, id: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await callTemporal(cerebros, (client) => client.workflow.getHandle(id).describe(), 5000);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The same, for a command that needs one. Throws RUN_NOT_FOUND (exit 4). */
export async function requireDescription(cerebros: Cerebros, id: string): Promise<WorkflowExecutionDescription> {
  const description = await describeRun(cerebros, id);
  if (!description) throw runNotFound(id);
  return description;
}
