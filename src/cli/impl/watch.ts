import { pauseFor } from '../../client/bounded.ts';
import type { Cerebros } from '../../client/connect.ts';
import { trialsOf } from '../../client/leaderboard.ts';
import { viewRun, type RunView } from '../../client/progress.ts';
import { CLOSED_STATUSES } from '../../contracts/ledger.ts';
import { NAS_SEARCH } from '../../contracts/nas-search.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { IdFlags } from '../flags.ts';
import { outputOf, type Output } from '../output.ts';
import { liveScreen } from '../text/live-screen.ts';
import { plainLine } from '../text/plain.ts';
import { progressText, reportText, type ShownProgress } from '../text/progress-text.ts';
import { nextHint } from '../text/run-text.ts';
import { trialsLine } from '../text/trials-line.ts';
import { useCerebros } from '../use-cerebros.ts';

/** Pause between two looks, in ms. */
const POLL_MS = 500;
const TASKS_MAX = 20;

type Show = (view: Watched) => void;

/** What is shown of a run; of a search also where its trials stand, in text only. */
interface Watched extends RunView {
  readonly trials?: string | undefined;
}

/** `watch ID`: on a terminal redrawn; else a line for each change, as text unless JSON was asked for. */
export async function watch(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  const output = outputOf(this, { ...flags, output: flags.output ?? 'text' });
  const show = output.mode !== 'text' ? jsonLines(output) : this.tty ? redrawn(this, output) : plainLines(output);
  await useCerebros(this, flags, async (cerebros) => {
    let view = await viewRun(cerebros, id);
    let trials: string | undefined;
    for (;;) {
      trials = (await trialsShown(cerebros, view)) ?? trials;
      show({ ...view, trials });
      if (CLOSED_STATUSES.includes(view.run.status)) break;
      await pauseFor(POLL_MS);
      view = await viewRun(cerebros, id).catch((error: unknown) => stale(error, view, output));
    }
    output.note(nextHint(view.run));
  });
}

/** An outage does not end the watching; what was known stays on the screen. */
function stale(error: unknown, view: RunView, output: Output): RunView {
  if (!(error instanceof UserError) || error.exitCode !== EXIT.unreachable) throw error;
  output.note(`${error.message}; showing what was known`);
  return view;
}

/** Undefined for a run that is no search, and while the ledger does not answer. */
async function trialsShown(cerebros: Cerebros, { run }: RunView): Promise<string | undefined> {
  if (run.kind !== NAS_SEARCH) return undefined;
  return trialsOf(cerebros, run.id).then(trialsLine, (error: unknown) => {
    if (!(error instanceof UserError) || error.exitCode !== EXIT.unreachable) throw error;
    return undefined;
  });
}

function redrawn(context: CliContext, output: Output): Show {
  const screen = liveScreen(context);
  return (view) => {
    const { id, kind, status } = view.run;
    const head = plainLine(`${id}  ${kind}  ${status}`, 80);
    const trials = view.trials === undefined ? '' : `\n${plainLine(view.trials, 80)}`;
    screen.draw(`${head}\n${progressText(inFullWords(view), output.colors, TASKS_MAX, view.reports)}${trials}`);
  };
}

/** The progress object calls all of undoing `cancelled`, and a step that is suspended `running`; the rows know more. */
function inFullWords({ run, progress }: RunView): ShownProgress {
  const tasks = progress.tasks.map((task) => {
    const row = run.steps.find((step) => step.step_idx === task.id)?.status;
    const knowsMore = task.status === 'cancelled' || row === 'sleeping' || row === 'waiting';
    return { ...task, status: knowsMore && row !== undefined ? row : task.status };
  });
  return { ...progress, tasks };
}

function jsonLines(output: Output): Show {
  let last = '';
  return ({ progress }) => {
    const text = JSON.stringify(progress);
    if (text === last) return;
    last = text;
    output.item(progress, () => text);
  };
}

function plainLines(output: Output): Show {
  const said = new Map<string, string>();
  const say = (key: string, text: string): void => {
    if (said.get(key) === text) return;
    said.set(key, text);
    output.item(text, () => plainLine(text, 200));
  };
  return (view) => {
    const { run, progress, reports } = view;
    for (const task of inFullWords(view).tasks) {
      const retries = task.retry_count > 0 ? ` retry ${task.retry_count}` : '';
      if (task.status !== 'pending')
        say(`task ${task.id}`, `${task.id} ${task.name} ${task.status}${retries}${task.error_message ? `: ${task.error_message}` : ''}`);
    }
    for (const report of reports)
      if (report.note !== null)
        say(`note ${report.step_idx}`, `${report.step_idx} ${run.steps[report.step_idx]?.step_name} ${reportText(report)}`);
    if (view.trials !== undefined) say('trials', view.trials);
    say('run', `${run.id} ${run.status} ${progress.progress.toFixed(1)} %`);
  };
}
