import { callTemporal } from '../../client/connect.ts';
import { historyJson } from '../../client/histories.ts';
import { checkRunId } from '../../client/run-id.ts';
import type { CliContext } from '../context.ts';
import type { HistoryFlags } from '../flags.ts';
import { useCerebros } from '../use-cerebros.ts';

/** A long history takes its time, in ms. */
const FETCH_MS = 60_000;

/** `history ID`: always JSON, as `replay` and Temporal's own tools read it. */
export async function history(this: CliContext, flags: HistoryFlags, id: string): Promise<void> {
  checkRunId(id);
  const json = await useCerebros(this, flags, (cerebros) =>
    callTemporal(cerebros, (client) => historyJson(client, id, flags.runId), FETCH_MS),
  );
  this.process.stdout.write(`${json}\n`);
}
