import { setCurrentDetails } from '@temporalio/workflow';
import type { Engine } from './engine.ts';

/** What Temporal Web shows of a run before one reads its history: short lists, no tables. */
export function showPhase(engine: Engine, note?: string): void {
  const { id, status, error } = engine.journal.run;
  const lines = [`**${status}**`, ...(note ? [note] : []), ...(error ? [`Reason: ${error.reason}`] : [])];
  for (const stuck of error?.stuck ?? []) lines.push(`- stuck: ${stuck.step_name} (${stuck.message.slice(0, 120)})`);
  if (status === 'halted') lines.push(`Next: \`cerebros recover ${id} --from-step N\` or \`cerebros rollback ${id}\``);
  if (error?.stuck) lines.push(`Next: \`cerebros undo retry ${id}\``);
  setCurrentDetails(lines.join('\n\n'));
}
