import type { Cerebros } from '../../client/connect.ts';
import { progressOfRun } from '../../client/progress.ts';
import { startSaga, type StartedRun } from '../../client/start.ts';
import { waitClosed } from '../../client/wait.ts';
import type { SagaRun } from '../../contracts/ledger.ts';
import type { ProgressObject } from '../../contracts/progress.ts';
import { colorsFor } from '../text/colors.ts';
import { runText } from '../text/run-text.ts';
import { say, type DemoStage } from './with-stack.ts';

const colors = colorsFor({ env: process.env, tty: process.stdout.isTTY ?? false });

/** What a demo starts. */
export interface DemoRun {
  readonly kind: string;
  readonly input: unknown;
  /** Where relative paths in the input start. */
  readonly base_dir?: string;
}

/** Starts a run and shows it until it has closed. */
export async function runOne(stage: DemoStage, { kind, input, base_dir }: DemoRun): Promise<SagaRun> {
  return showOne(stage, await startSaga(stage.cerebros, { kind, input, base_dir }));
}

/** Prints a line for each change of a run until it has closed, and its ledger. */
export async function showOne({ cerebros, stack }: DemoStage, { execution_id, run_id }: StartedRun): Promise<SagaRun> {
  const run = await follow(cerebros, execution_id);
  say(`\nIts ledger:\n${runText(run, colors)}`);
  if (run.error) say(`reason: ${run.error.reason}, undone from step ${run.error.compensate_from_idx}`);
  say(`Temporal Web: ${stack.ui_url}/namespaces/default/workflows/${execution_id}/${run_id}/history`);
  return run;
}

async function follow(cerebros: Cerebros, id: string): Promise<SagaRun> {
  let shown = '';
  const closed = waitClosed(cerebros, id);
  const over = closed.then(() => true);
  const tick = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 500, false));
  while (!(await Promise.race([over, tick()]))) {
    const progress = await progressOfRun(cerebros, id).catch(() => undefined);
    const line = progress ? lineOf(progress) : shown;
    if (line !== shown) say(line);
    shown = line;
  }
  return closed;
}

function lineOf({ progress, status, current_step }: ProgressObject): string {
  return `  ${progress.toFixed(1).padStart(5)} %  ${status}${current_step === null ? '' : `  ${current_step}`}`;
}
