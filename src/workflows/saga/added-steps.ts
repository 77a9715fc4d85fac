import { checkPlan, MAX_STEPS, PlanError, type Plan, type PlanStep } from '../../contracts/plan.ts';
import { refusal } from './step-error.ts';

const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** Hands back steps that a step returned, checked: they come from a worker, and join the plan that the run has. Throws `INVALID_STEPS`. */
export function checkAdded(
  { kind, plan }: { readonly kind: string; readonly plan: Plan['steps'] },
  added: readonly PlanStep[],
): readonly PlanStep[] {
  const wrong = added.findIndex((step) => !isStep(step));
  if (wrong >= 0) {
    const expected = 'expected {name, needs?, …} with a name of letters, digits, ".", "_" or "-"';
    throw refusal('INVALID_STEPS', `added steps[${wrong}]: ${expected}, got ${JSON.stringify(added[wrong]).slice(0, 200)}`);
  }
  try {
    checkPlan({ kind, steps: [...plan, ...added] });
    return added;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    throw refusal('INVALID_STEPS', `${error.message} (at most ${MAX_STEPS} steps a run, added ones included)`);
  }
}

function isStep(step: unknown): boolean {
  if (typeof step !== 'object' || step === null) return false;
  const { name, needs } = step as Partial<Record<keyof PlanStep, unknown>>;
  return typeof name === 'string' && NAME.test(name) && (needs === undefined || Array.isArray(needs));
}
