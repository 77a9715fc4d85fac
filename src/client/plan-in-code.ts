import { KINDS } from '../contracts/kinds.ts';
import type { Json } from '../contracts/ledger.ts';
import type { Plan } from '../contracts/plan.ts';

/** The plan in code of a run that was started by hand, without a memo; undefined when no kind of ours knows it. */
export function planInCode(workflowType: string, input: Json): Plan | undefined {
  const kind = Object.values(KINDS).find((one) => one.workflow_type === workflowType);
  try {
    return kind?.plan(input);
  } catch {
    return undefined; // an input that no command would have let through
  }
}
