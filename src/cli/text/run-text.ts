import type { SagaRun, SagaStepRow } from '../../contracts/ledger.ts';
import { statusPaint, type Colors } from './colors.ts';
import { plainLine } from './plain.ts';
import { table, type Row } from './table.ts';
import { ago, took } from './time-text.ts';

/** Most steps that a text shows; JSON shows all. */
const STEPS_MAX = 100;

/** A run and its steps for people, in 80 columns. */
export function runText(run: SagaRun, colors: Colors): string {
  return [table(runRows(run, colors)), '', stepsText(run.steps, colors, STEPS_MAX)].join('\n');
}

function runRows(run: SagaRun, colors: Colors): Row[] {
  const rows: Row[] = [
    ['id', run.id],
    ['kind', run.kind],
    ['status', { text: run.status, paint: statusPaint(colors, run.status) }],
    ['created', ago(run.created_at)],
  ];
  if (run.started_at) rows.push(['took', took(run.started_at, run.completed_at)]);
  if (run.error) rows.push(['error', errorLine(run)]);
  for (const stuck of run.error?.stuck ?? []) rows.push(['stuck', `${stuck.step_idx} ${stuck.step_name}: ${stuck.code} ${stuck.message}`]);
  if (run.recovery_attempts > 0) rows.push(['recoveries', `${run.recovery_attempts} of ${run.max_recovery_attempts}`]);
  if (run.result !== null) rows.push(['result', JSON.stringify(run.result)]);
  return rows;
}

function errorLine(run: SagaRun): string {
  const { reason, message } = run.error ?? { reason: '' };
  return message ? `${reason}: ${message}` : reason;
}

/** The steps as a table; at most `limit`, with "… N more". */
export function stepsText(steps: readonly SagaStepRow[], colors: Colors, limit: number): string {
  const shown = steps.slice(0, limit).map((step): Row => stepRow(step, colors));
  const rest = steps.length - shown.length;
  return `${table([['#', 'STEP', 'STATUS', 'TRIES', 'TOOK', ''], ...shown])}${rest > 0 ? `\n… ${rest} more` : ''}`;
}

function stepRow(step: SagaStepRow, colors: Colors): Row {
  const time = step.started_at ? took(step.started_at, step.completed_at) : '';
  return [
    String(step.step_idx),
    step.step_name,
    { text: step.status, paint: statusPaint(colors, step.status) },
    step.attempts > 0 ? String(step.attempts) : '',
    time,
    detail(step),
  ];
}

/** Why it failed, or until when it is suspended. */
function detail({ error, status, wakes_at }: SagaStepRow): string {
  if (error) return `${error.code}: ${plainLine(error.message, 200)}`;
  if (!wakes_at) return '';
  return status === 'waiting' ? `for a decision until ${wakes_at}` : `until ${wakes_at}`;
}

/** What a person may do next with a run in this state; empty when nothing stands out. */
export function nextHint(run: Pick<SagaRun, 'id' | 'status' | 'error'>): string {
  if (run.status === 'halted') return `next: cerebros recover ${run.id} --from-step N, or cerebros rollback ${run.id}`;
  if (run.status === 'paused') return `next: cerebros resume ${run.id}`;
  if (run.error?.stuck?.length) return `next: cerebros undo retry ${run.id}`;
  return '';
}
