import { prepareInput } from '../../client/prepare-input.ts';
import { depths, needsByIndex, type Plan } from '../../contracts/plan.ts';
import type { CliContext } from '../context.ts';
import type { PlanFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { readInput } from '../read-input.ts';
import { lookUps } from '../look-ups.ts';
import { table, type Row } from '../text/table.ts';

/** `plan KIND`: needs neither Temporal nor Postgres, unless the input leaves something to the ledger. */
export async function plan(this: CliContext, flags: PlanFlags, kind: string): Promise<void> {
  const output = outputOf(this, flags);
  const { value, base_dir } = await readInput(this, flags.input, flags.set);
  const prepared = await prepareInput(kind, value, { base_dir, ...lookUps(this, flags) });
  const undo_order = undoOrder(prepared.plan);
  const answer = { kind: prepared.plan.kind, input: prepared.input, steps: prepared.plan.steps, undo_order };
  output.data(answer, () => planText(prepared.plan, undo_order));
  output.note('nothing was started');
}

/** The steps in the order their undo would go, layer by layer: the steps of one layer are undone in parallel. */
function undoOrder(of: Plan): string[][] {
  const depth = depths(needsByIndex(of));
  const layers: string[][] = [];
  for (const [idx, step] of of.steps.entries()) if (step.undo) (layers[depth[idx] ?? 0] ??= []).push(step.name);
  return layers.filter((layer) => layer !== undefined).toReversed();
}

function planText(of: Plan, undo: readonly (readonly string[])[]): string {
  const steps = of.steps.map((step, idx): Row => [
    String(idx),
    step.name,
    (step.needs ?? []).join(', '),
    step.undo ? 'yes' : 'no',
    step.label ?? '',
  ]);
  const order =
    undo.length === 0
      ? 'no step has an undo'
      : `a failure undoes, of what ran: ${undo.map((layer) => layer.join(' and ')).join(', then ')}`;
  return `${of.kind}: ${of.steps.length} steps\n${table([['#', 'STEP', 'AFTER', 'UNDO', ''], ...steps])}\n${order}`;
}
