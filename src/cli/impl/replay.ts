import { resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DATA_CONVERTER } from '../../data-converter.ts';
import { workflowBundle } from '../../workflow-bundle.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usageError } from '../format-error.ts';
import { outputOf } from '../output.ts';
import { statusPaint } from '../text/colors.ts';
import { table, type Row } from '../text/table.ts';

type History = ReturnType<typeof historyFromJSON>;

interface Replayed {
  readonly file: string;
  readonly status: 'completed' | 'failed';
  readonly events: number;
  readonly reason: string | null;
}

/** `replay FILE…`: needs neither Temporal nor Postgres. */
export async function replay(this: CliContext, flags: GlobalFlags, ...files: string[]): Promise<void> {
  const output = outputOf(this, flags);
  const histories = await Promise.all(files.map((file) => readHistory(resolve(this.cwd, file), file)));
  // A runtime ends with its last worker: one without any would keep this process for ever.
  if (histories.some((history) => gapIn(history) === null)) installQuietRuntime();
  const results: Replayed[] = [];
  for (const [idx, history] of histories.entries()) results.push(await replayOne(files[idx] ?? '', history));
  const rows = results.map((one): Row => [
    one.file,
    { text: one.status, paint: statusPaint(output.colors, one.status) },
    `${one.events} events`,
    one.reason ?? '',
  ]);
  output.data(results, () => table(rows));
  if (results.some((one) => one.status === 'failed')) this.process.exitCode = EXIT.bad;
}

/** Replaying is a lookup, not a run: the worker's own talk is of no use here. */
function installQuietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'off', forward: {} } },
  });
}

async function readHistory(path: string, name: string): Promise<History> {
  try {
    return historyFromJSON(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw usageError(
      `${name}: expected a history as JSON, got something else: ${error instanceof Error ? error.message : String(error)}`,
      'cerebros history ID > FILE',
    );
  }
}

async function replayOne(file: string, history: History): Promise<Replayed> {
  const events = history.events?.length ?? 0;
  const reason = gapIn(history) ?? (await replayReason(history));
  return { file, status: reason === null ? 'completed' : 'failed', events, reason };
}

/** A history with a hole would replay as far as the hole, and look well. */
function gapIn(history: History): string | null {
  const events = history.events ?? [];
  if (events.length === 0) return 'expected a history with events, got none';
  const at = events.findIndex((event, idx) => Number(event.eventId) !== idx + 1);
  return at < 0 ? null : `expected event ${at + 1}, got event ${String(events[at]?.eventId)}: the history has a hole`;
}

async function replayReason(history: History): Promise<string | null> {
  // Ids of children are made from the run's own, so the replay must know it.
  const id = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? undefined;
  try {
    await Worker.runReplayHistory({ workflowBundle: workflowBundle(), dataConverter: DATA_CONVERTER }, history, id);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
