import type { Client } from '@temporalio/client';
import type { Json } from '../contracts/ledger.ts';
import { UserError } from '../contracts/user-error.ts';
import { getRun } from '../ledger/queries/get-run.ts';
import { canonicalJson } from './canonical-json.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { refused } from './errors.ts';
import { firstEvent } from './first-event.ts';
import { showRun } from './show.ts';
import type { StartedRun } from './start.ts';

/** What a second start of an id must agree with to get the run of the first. */
export interface Wanted {
  readonly id: string;
  readonly kind: string;
  readonly input: Json;
}

/** The run that the ledger knows to have started under this id, or undefined. Throws ID_TAKEN (exit 5) when its input differs, REFUSED (5) when it was cancelled before it started. */
export async function existingInLedger(cerebros: Cerebros, wanted: Wanted): Promise<StartedRun | undefined> {
  const row = await callLedger(cerebros, (sql) => getRun(sql, wanted.id)).catch(() => undefined);
  if (row?.status === 'cancelled' && row.run_id === null)
    throw refused(`id ${wanted.id}: expected a run that was not cancelled before it started, got one that was`, 'give another --id');
  if (!row || row.run_id === null) return undefined;
  refuseOther(wanted, row.kind, row.inputs);
  return { execution_id: row.id, run_id: row.run_id, status: row.status, started_at: row.started_at };
}

/** The run that Temporal knows under this id, which its first event tells. Throws ID_TAKEN (exit 5) when its input differs. */
export async function existingInTemporal(cerebros: Cerebros, wanted: Wanted): Promise<StartedRun> {
  const first = await callTemporal(cerebros, (client: Client) => firstEvent(client, wanted.id));
  refuseOther(wanted, first.memo?.kind ?? wanted.kind, first.input);
  const run = await showRun(cerebros, wanted.id).catch(() => undefined);
  const started = { execution_id: wanted.id, run_id: first.run_id };
  if (run) return { ...started, run_id: run.run_id ?? first.run_id, status: run.status, started_at: run.started_at };
  return first.start?.at === undefined
    ? { ...started, status: 'running', started_at: first.time }
    : { ...started, status: 'pending', started_at: null };
}

function refuseOther(wanted: Wanted, kind: string, input: Json): void {
  if (kind === wanted.kind && canonicalJson(input) === canonicalJson(wanted.input)) return;
  const what = kind === wanted.kind ? 'another input' : `the kind ${kind}`;
  throw new UserError(
    'ID_TAKEN',
    `id ${wanted.id}: expected an id that is free, or the run it belongs to with the same input, got one that belongs to a run of ${what}`,
    {
      hint: `cerebros show ${wanted.id}   (or give another --id)`,
      exitCode: 5,
    },
  );
}
