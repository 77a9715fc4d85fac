import { PROVISION } from '../../contracts/provision.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { Cerebros } from '../connect.ts';
import { startSaga, type StartedRun } from '../start.ts';
import { planStack, type PlanOnFile, type StackPlan } from './plan.ts';

export interface ApplyOptions {
  readonly id?: string | undefined;
  /** Who applies it, as asserted; may not approve it. */
  readonly as?: string | undefined;
}

/**
 * Carries a plan out as a saga of the kind `update`: exactly that plan, or nothing. Undefined when there is nothing to do. Throws
 * UserErrors: PLAN_HAS_ISSUES and WORLD_MOVED (exit 5), and those of `planStack` and `startSaga`.
 */
export async function applyPlan(cerebros: Cerebros, plan: PlanOnFile, { id, as }: ApplyOptions = {}): Promise<StartedRun | undefined> {
  const { stack, resources, fingerprint } = plan;
  const now = await planStack(cerebros, { stack, resources });
  if (now.fingerprint !== fingerprint) {
    throw new UserError('WORLD_MOVED', `stack ${stack}: expected what was planned on, but it has changed since: ${movedText(plan, now)}`, {
      hint: 'cerebros provision plan --input FILE   (look again, then apply the new plan)',
      exitCode: 5,
    });
  }
  return startPlanned(cerebros, now, { id, as });
}

/** Starts the saga of a plan that was made just now; each of its steps refuses what has changed since. */
export async function startPlanned(cerebros: Cerebros, plan: StackPlan, { id, as }: ApplyOptions = {}): Promise<StartedRun | undefined> {
  const { stack, steps, issues } = plan;
  if (issues.length > 0 && plan.resources !== null) {
    throw new UserError(
      'PLAN_HAS_ISSUES',
      `stack ${stack}:\n${issues.map(({ resource, message }) => `  ${resource} ${message}`).join('\n')}`,
      {
        hint: 'mend these, then plan again',
        exitCode: 5,
      },
    );
  }
  if (steps.length === 0) return undefined;
  return startSaga(cerebros, { kind: PROVISION, input: { kind: 'update', stack, steps }, id, as });
}

function movedText(before: PlanOnFile, now: StackPlan): string {
  const text = ({ changes }: Pick<PlanOnFile, 'changes'>): string =>
    changes.map(({ action, resource }) => `${action} ${resource}`).join(', ') || 'nothing to do';
  return `then ${text(before)}; now ${text(now)}`;
}
