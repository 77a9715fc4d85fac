import { requireDatabaseUrl } from '../../config.ts';
import type { Json, RunStatus } from '../../contracts/ledger.ts';
import { PROVISION, type ProvisionInput } from '../../contracts/provision.ts';
import { UserError } from '../../contracts/user-error.ts';
import { ADVISORY_LOCKS } from '../../ledger/advisory-locks.ts';
import { closeLedger, openLedger } from '../../ledger/connection.ts';
import { deletePendingRun } from '../../ledger/queries/delete-pending-run.ts';
import { findStackHolder } from '../../ledger/queries/find-stack-holder.ts';
import { within } from '../bounded.ts';
import type { Cerebros } from '../connect.ts';
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

interface Holder {
  readonly id: string;
  readonly status: RunStatus;
}

/**
 * Refuses a provision run while another one for its stack is open or halted: throws STACK_HELD (exit 5), and takes the run's note back. Of
 * runs that are started at the same moment one is let through. Without the ledger's answer nothing is refused, with a warning.
 */
export async function holdStack(cerebros: Cerebros, starting: Starting): Promise<void> {
  if (starting.kind !== PROVISION) return;
  const { stack } = starting.input as unknown as ProvisionInput;
  const holder = await holderOf(cerebros, { ...starting, stack });
  if (!holder) return;
  // What Temporal knows was started before: that start decided.
  if (starting.noted === 'exists' && (await describeRun(cerebros, starting.id))) return;
  throw await held(cerebros, stack, holder);
}

async function holderOf(cerebros: Cerebros, starting: Starting & { readonly stack: string }): Promise<Holder | undefined> {
  try {
    return await within(WAIT_MS, decide(requireDatabaseUrl(cerebros.connections), starting), () => {
      throw new Error(`no answer within ${WAIT_MS} ms`);
    });
  } catch (error) {
    cerebros.warn(
      `the ledger did not say whether the stack is free; starting without it: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/**
 * One at a time: who is refused is gone before the next one looks. So of those that have noted themselves, and see each other, all but
 * the last to look are refused. Their times do not tell who was first: an earlier row may show later.
 */
async function decide(databaseUrl: string, { id, stack, noted }: Starting & { readonly stack: string }): Promise<Holder | undefined> {
  const sql = openLedger(databaseUrl, { max: 1, statement_timeout_ms: WAIT_MS, connect_timeout_s: WAIT_MS / 1000 });
  try {
    const [holder] = await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${ADVISORY_LOCKS.stacks})`;
      const found = await findStackHolder(tx, { stack, id });
      if (found && noted === 'noted') await deletePendingRun(tx, id);
      return [found] as const;
    });
    return holder;
  } finally {
    await closeLedger(sql);
  }
}

async function held(cerebros: Cerebros, stack: string, { id, status }: Holder): Promise<UserError> {
  const ended = endedByTemporal(await describeRun(cerebros, id).catch(() => undefined));
  const how = ended ? 'was ended by Temporal, and is not rolled back so far' : `is ${status}`;
  const message = `stack ${stack}: expected no other run for it that is not over, found ${id}, which ${how}`;
  const hint = `cerebros show ${id}   (wait for it, or cerebros cancel ${id}; of one that asks people: cerebros reject ${id})`;
  return new UserError('STACK_HELD', message, { hint, exitCode: 5 });
}
