import type { Json, SagaError, SagaRun, SagaStepRow } from '../../contracts/ledger.ts';
import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import type { Snapshot } from './at-version.ts';
import { compareApprovals, type ApprovalField } from './compare-approvals.ts';
import type { HistoryEvent } from './decode.ts';
import { asJson, closest, equal } from './equal.ts';
import type { FoldOptions } from './fold.ts';
import { foldHistory } from './fold.ts';
import type { FoldedRun } from './folded.ts';
import { isWhole, RowReader } from './row-reader.ts';
import { runStatuses, stepViews, type StepView } from './variants.ts';

/** A field in which the ledger and the history do not agree. */
export interface Difference {
  readonly table: 'saga_runs' | 'saga_step_results' | 'approvals';
  readonly id: string;
  readonly step_idx: number | null;
  /** Of an approval: which one of the step. */
  readonly n?: number;
  /** `row`: one of the two has no such row. `undo`: whether `compensated_at` is set. `wakes_at`: whether it is set. */
  readonly field: 'row' | 'version' | 'status' | 'result' | 'output' | 'error' | 'undo' | 'wakes_at' | ApprovalField;
  readonly ledger: Json;
  readonly history: Json;
}

/** What comparing rows with one history gave. */
export interface Comparison {
  readonly differences: readonly Difference[];
  /** A row shows a workflow task that has not completed in this history: read it again. */
  readonly ahead: boolean;
  readonly folded: FoldedRun;
}

/** What the ledger holds of a run. */
export interface LedgerRows {
  readonly run: SagaRun;
  /** Undefined: they are not compared. */
  readonly approvals: readonly ApprovalRow[] | undefined;
}

/** Compares the ledger's rows of a run with its history: whole when the run has closed, row by row as of the row's version else. */
export function compareRun(events: readonly HistoryEvent[], options: FoldOptions, { run: ledger, approvals }: LedgerRows): Comparison {
  const folded = foldHistory(events, options);
  const reader = new RowReader(events, options, folded);
  const differences = [...compareRunRow(reader, ledger)];
  const count = Math.max(folded.steps.length, ...ledger.steps.map((row) => row.step_idx + 1), 0);
  for (let idx = 0; idx < count; idx += 1) differences.push(...compareStep(reader, ledger, idx));
  if (approvals) differences.push(...compareApprovals(reader, ledger, approvals));
  return { differences, ahead: reader.ahead, folded };
}

function compareRunRow(reader: RowReader, ledger: SagaRun): readonly Difference[] {
  const states = reader.states(ledger.version);
  if (!states) return [];
  return closest(states.map(({ run }) => runDifferences(ledger, run)));
}

function runDifferences(ledger: SagaRun, run: FoldedRun): Difference[] {
  const found: Difference[] = [];
  const add = (field: Difference['field'], values: readonly [Json, Json]): void => {
    found.push({ table: 'saga_runs', id: ledger.id, step_idx: null, field, ledger: values[0], history: values[1] });
  };
  if (!runStatuses(run).includes(ledger.status)) add('status', [ledger.status, run.status]);
  if (!equal(ledger.result, run.result)) add('result', [ledger.result, run.result]);
  if (!errorsAgree(ledger, run)) add('error', [asJson(ledger.error), asJson(run.error)]);
  return found;
}

/** Of a closed run exactly. While it is undone, the history does not hold the error yet: only whether there may be one. */
function errorsAgree(ledger: SagaRun, run: FoldedRun): boolean {
  if (isWhole(run)) return equal(plainError(ledger.error), plainError(run.error));
  if (ledger.error === null) return true;
  const { reason } = ledger.error;
  if (run.start.reentry?.error?.reason === reason) return true;
  if (!runStatuses(run).some((status) => status === 'compensating' || status === 'recovering')) return false;
  return reason === 'cancelled' ? run.cancel_requested : run.steps.some((step) => reason === `step_failed:${step.step_name}`);
}

function plainError(error: SagaError | null): Json {
  if (error === null) return null;
  const { reason, compensate_from_idx, message = null, code = null, stuck = [] } = error;
  return { reason, compensate_from_idx, message, code, stuck: asJson(stuck) };
}

function compareStep(reader: RowReader, ledger: SagaRun, idx: number): readonly Difference[] {
  const row = ledger.steps.find((step) => step.step_idx === idx);
  const states = reader.states(row?.version ?? ledger.version);
  if (!states) return [];
  const compared = { id: ledger.id, idx, row };
  const found = closest(states.flatMap((state) => viewsAt(reader, state, idx).map((view) => stepDifferences(compared, view))));
  return isRefused(row, reader.folded) ? [] : found;
}

/** What the row of the step at `idx` may show; undefined: there is no such step yet. */
function viewsAt(reader: RowReader, state: Snapshot, idx: number): readonly (StepView | undefined)[] {
  const step = state.run.steps[idx];
  return step ? stepViews(state, step, reader.calls.get(idx) ?? []) : [undefined];
}

interface ComparedRow {
  readonly id: string;
  readonly idx: number;
  readonly row: SagaStepRow | undefined;
}

function stepDifferences({ id, idx, row }: ComparedRow, view: StepView | undefined): Difference[] {
  const found: Difference[] = [];
  const add = (field: Difference['field'], values: readonly [Json, Json]): void => {
    found.push({ table: 'saga_step_results', id, step_idx: idx, field, ledger: values[0], history: values[1] });
  };
  if (!row || !view) {
    if (row || view) add('row', [row ? row.status : null, view ? view.status : null]);
    return found;
  }
  if (row.status !== view.status) add('status', [row.status, view.status]);
  if (!equal(row.output, view.output)) add('output', [row.output, view.output]);
  const ledgerError = view.message_open && row.error ? { code: row.error.code } : row.error;
  const historyError = view.message_open && view.error ? { code: view.error.code } : view.error;
  if (!equal(asJson(ledgerError), asJson(historyError))) add('error', [asJson(row.error), asJson(view.error)]);
  if ((row.compensated_at !== null) !== view.undone) add('undo', [row.compensated_at !== null, view.undone]);
  if ((row.wakes_at !== null) !== view.suspended) add('wakes_at', [row.wakes_at !== null, view.suspended]);
  return found;
}

const REFUSED = new Set(['PAYLOAD_TOO_LARGE', 'VALUE_NOT_JSON', 'INVALID_STEPS', 'ENGINE_MISUSE']);

/** What the engine itself refused shows in the history only when the run closes. */
function isRefused(row: SagaStepRow | undefined, run: FoldedRun): boolean {
  return row?.status === 'failed' && row.output === null && REFUSED.has(row.error?.code ?? '') && !isWhole(run);
}
