import type { Cerebros } from '../../client/connect.ts';
import { applyPlan, startPlanned, type ApplyOptions } from '../../client/provision/apply.ts';
import { planStack, readPlan } from '../../client/provision/plan.ts';
import type { StartedRun } from '../../client/start.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { outputOf } from '../output.ts';
import { readInput } from '../read-input.ts';
import { sayRun } from '../say-run.ts';
import { stackPlanText } from '../text/stack-plan-text.ts';
import { useCerebros } from '../use-cerebros.ts';
import { userOf } from '../user.ts';

export interface StackPlanFlags extends GlobalFlags {
  readonly input: string;
}

export interface ApplyFlags extends StackPlanFlags {
  readonly id?: string;
  readonly as?: string;
  readonly wait?: boolean;
}

/** `provision plan` */
export async function plan(this: CliContext, flags: StackPlanFlags): Promise<void> {
  const output = outputOf(this, flags);
  const { value } = await readInput(this, flags.input);
  const planned = await useCerebros(this, flags, (cerebros) => planStack(cerebros, value));
  output.data(planned, () => stackPlanText(planned, output.colors));
  output.note(
    `to apply exactly this: cerebros provision plan --input ${flags.input} -o json > plan.json; cerebros provision apply --input plan.json`,
  );
}

/** `provision apply`: a plan as `plan -o json` has written it, or a stack, which is planned now. */
export async function apply(this: CliContext, flags: ApplyFlags): Promise<void> {
  const output = outputOf(this, flags);
  const { value } = await readInput(this, flags.input);
  await useCerebros(this, flags, async (cerebros) => {
    const options: ApplyOptions = { id: flags.id, as: flags.as ?? userOf(this) };
    const started = await carryOut(cerebros, value, options);
    if (!started) return output.data({ execution_id: null, status: 'nothing to do' }, () => 'nothing to do');
    await sayRun(this, { cerebros, output, started, wait: flags.wait === true });
  });

  async function carryOut(cerebros: Cerebros, given: unknown, options: ApplyOptions): Promise<StartedRun | undefined> {
    const kept = readPlan(given);
    if (kept) return applyPlan(cerebros, kept, options);
    const planned = await planStack(cerebros, given);
    output.note(stackPlanText(planned, output.colors));
    return startPlanned(cerebros, planned, options);
  }
}
