import type { Json } from '../../contracts/ledger.ts';
import { PROVISION, type ProvisionInput } from '../../contracts/provision.ts';
import { UserError } from '../../contracts/user-error.ts';
import { claimStack, type StackClaim, type StackHolder } from '../../ledger/queries/claim-stack.ts';
import { callLedger, type Cerebros } from '../connect.ts';
import { describeRun } from '../describe.ts';
import { endedByTemporal } from '../ended-by-temporal.ts';

/** A start waits no longer than this to know whether its stack is free, in ms. */
const WAIT_MS = 3000;

/** A run whose row is in the ledger, and that is about to be started. */
export interface Starting {
  readonly id: string;
  readonly kind: string;
  readonly input: Json;
  /** `exists`: its row was there before, by an earlier start of the same id. */
  readonly noted: 'noted' | 'exists';
}

/**
 * Refuses a provision run while another one for its stack is open or halted: throws STACK_HELD (exit 5), and takes the run's note back. Of
 * runs that are started at the same moment one is let through. Without the ledger's answer nothing is refused, with a warning.
 */
export async function holdStack(cerebros: Cerebros, starting: Starting): Promise<void> {
  if (starting.kind !== PROVISION) return;
  const { stack } = starting.input as unknown as ProvisionInput;
  const { id, noted } = starting;
  const holder = await holderOf(cerebros, { stack, id, forget: noted === 'noted' });
  if (!holder) return;
  // What Temporal knows was started before: that start decided.
  if (noted === 'exists' && (await describeRun(cerebros, id))) return;
  throw await held(cerebros, stack, holder);
}

async function holderOf(cerebros: Cerebros, claim: StackClaim): Promise<StackHolder | undefined> {
  try {
    return await callLedger(cerebros, (sql) => claimStack(sql, claim), WAIT_MS);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    cerebros.warn(`the ledger did not say whether the stack is free; starting without it: ${why}`);
    return undefined;
  }
}

async function held(cerebros: Cerebros, stack: string, { id, status }: StackHolder): Promise<UserError> {
  const ended = endedByTemporal(await describeRun(cerebros, id).catch(() => undefined));
  const how = ended ? 'was ended by Temporal, and is not rolled back so far' : `is ${status}`;
  const message = `stack ${stack}: expected no other run for it that is not over, found ${id}, which ${how}`;
  const hint = `cerebros show ${id}   (wait for it, or cerebros cancel ${id}; of one that asks people: cerebros reject ${id} STEP)`;
  return new UserError('STACK_HELD', message, { hint, exitCode: 5 });
}
