import { RUN_STATUSES, type RunStatus, type SagaRunRow } from '../../contracts/ledger.ts';
import { listSagas } from '../../client/list.ts';
import type { CliContext } from '../context.ts';
import type { ListFlags } from '../flags.ts';
import { usageError } from '../format-error.ts';
import { outputOf, type Output } from '../output.ts';
import { statusPaint } from '../text/colors.ts';
import { table, type Row } from '../text/table.ts';
import { ago } from '../text/time-text.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `list` */
export async function list(this: CliContext, flags: ListFlags): Promise<void> {
  const output = outputOf(this, flags);
  const { kind, active, failed, recoverable, limit } = flags;
  const given = { kind, status: statusOf(flags.status), active, failed, recoverable, limit };
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const rows = await useCerebros(this, flags, (cerebros) => listSagas(cerebros, filter));
  output.data(rows, () => listText(rows, output));
}

function statusOf(text: string | undefined): RunStatus | undefined {
  const status = RUN_STATUSES.find((one) => one === text);
  if (text !== undefined && status === undefined)
    throw usageError(`--status: expected one of ${RUN_STATUSES.join(', ')}, got "${text}"`, 'cerebros list --help');
  return status;
}

function listText(rows: readonly SagaRunRow[], { colors }: Output): string {
  if (rows.length === 0) return 'no runs';
  const lines = rows.map((row): Row => [
    row.id,
    row.kind,
    { text: row.status, paint: statusPaint(colors, row.status) },
    stepOf(row),
    ago(row.created_at),
  ]);
  return table([['ID', 'KIND', 'STATUS', 'STEP', 'CREATED'], ...lines]);
}

function stepOf({ current_step_idx, plan }: SagaRunRow): string {
  return current_step_idx === null
    ? `${plan.length}/${plan.length}`
    : `${current_step_idx}/${plan.length} ${plan[current_step_idx]?.name ?? ''}`;
}
