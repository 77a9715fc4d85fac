import type { ProgressObject, ProgressTask, StepReport } from '../../contracts/progress.ts';
import { statusPaint, type Colors } from './colors.ts';
import { plainLine } from './plain.ts';
import { table, type Row } from './table.ts';
import { duration } from './time-text.ts';

/** Most things waited for that the text shows. */
const WAITING_MAX = 3;

/** A task with any word for its state: `compensated` says more than the progress object may. */
export type ShownTask = Omit<ProgressTask, 'status'> & { readonly status: string };

/** The progress object, or one with other words for states. */
export type ShownProgress = Omit<ProgressObject, 'tasks'> & { readonly tasks: readonly ShownTask[] };

/** How the progress object reads for people; at most `limit` tasks. Running steps that report how far they are have a bar of their own. */
export function progressText(progress: ShownProgress, colors: Colors, limit: number, reports: readonly StepReport[] = []): string {
  const shown = tasksAround(progress, limit);
  const rest = progress.tasks.length - shown.length;
  const reportOf = (task: ShownTask): StepReport | undefined => reports.find((report) => report.step_idx === task.id);
  const tasks = table(shown.map((task) => taskRow(task, colors, reportOf(task))));
  return [progressLine(progress, colors), ...waitingLines(progress.waiting_on), tasks, ...(rest > 0 ? [`… ${rest} more`] : [])].join('\n');
}

/** One line: bar, percentage, status. */
function progressLine(progress: Omit<ShownProgress, 'tasks'>, colors: Colors): string {
  const { status, completed_tasks, total_steps, eta_s } = progress;
  const eta = eta_s === null || eta_s <= 0 ? '' : `, about ${duration(1000 * eta_s)} left`;
  const head = `${bar(progress.progress / 100, 20)} ${progress.progress.toFixed(1)} % `;
  const tail = plainLine(`, ${completed_tasks} of ${total_steps} steps${eta}`, 80 - head.length - status.length);
  return `${head}${statusPaint(colors, status)(status)}${tail}`;
}

/** A line for each thing it waits for: the queue that nobody polls, and until when a step sleeps, are not to be cut off. */
function waitingLines(waiting_on: readonly string[]): string[] {
  const rest = waiting_on.length - WAITING_MAX;
  const lines = waiting_on.slice(0, WAITING_MAX).map((what) => plainLine(`waiting for ${what}`, 200));
  return rest > 0 ? [...lines, `… ${rest} more`] : lines;
}

/** `percent note` of a step that reports. */
export function reportText({ fraction, note }: StepReport): string {
  return `${Math.floor(100 * fraction)} %${note === null ? '' : ` ${note}`}`;
}

function bar(fraction: number, width: number): string {
  const filled = Math.round(width * fraction);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

/** The current task stays in view: what is before it goes first. */
function tasksAround({ tasks, current_step }: ShownProgress, limit: number): readonly ShownTask[] {
  if (tasks.length <= limit) return tasks;
  const current = Math.max(
    0,
    tasks.findIndex((task) => task.name === current_step),
  );
  const first = Math.min(Math.max(0, current - Math.floor(limit / 2)), tasks.length - limit);
  return tasks.slice(first, first + limit);
}

function taskRow(task: ShownTask, colors: Colors, report: StepReport | undefined): Row {
  const said = [
    task.retry_count > 0 ? `retry ${task.retry_count}` : '',
    report ? `${bar(report.fraction, 10)} ${reportText(report)}` : '',
    task.error_message ?? '',
  ];
  const status = { text: task.status, paint: statusPaint(colors, task.status) };
  return [String(task.id), task.name, status, said.filter((part) => part !== '').join('  ')];
}
