import { access } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { TrialBatch } from '../contracts/nas-search.ts';
import type { AdvanceInput, StudyActivities } from '../contracts/nas-study.ts';
import type { Sql } from '../ledger/connection.ts';
import { putTrialBatch } from '../ledger/queries/put-trial-batch.ts';
import { untilAborted } from '../ledger/until-aborted.ts';
import { boundedWrites } from './bounded-writes.ts';
import { OpenedStudy } from './opened-study.ts';
import { StudyFile } from './study-file.ts';

export interface StudyDependencies {
  readonly sql: Sql;
  readonly artifacts: ArtifactStore;
}

/** How long a call waits for the table `trials`, in ms. */
const RECORD_MS = 400;
/** Writes of whole studies at a time. */
const WRITES_MAX = 16;
/** Calls of the planner whose rows are written together when a table is brought up to date. */
const CALLS_PER_WRITE = 100;
/** Studies kept in memory, so that not every call reads a file. */
const OPEN_MAX = 16;

/** The planner of searches, for the main queue; called by the study workflow, not through `serveSteps`. */
export function createStudyActivities({ sql, artifacts }: StudyDependencies): StudyActivities {
  const open = new Map<string, OpenedStudy>();
  const bounded = boundedWrites(WRITES_MAX);
  return {
    advanceStudy: async (input) => {
      const { search_id } = input.run;
      const folder = artifacts.runFolder(search_id);
      await requireFolder(folder, search_id);
      const file = new StudyFile(folder);
      const study = await openStudy(open.get(search_id), input, { file, datasetsFolder: artifacts.datasetsFolder });
      // Kept only when it came to its end: a study that failed in the middle is read anew.
      open.delete(search_id);
      const { answer, batch } = await study.advance(input, file);
      keep(open, search_id, study);
      return { ...answer, recorded: await record(sql, batch) };
    },
    recordStudy: async ({ run }) => {
      const entries = await new StudyFile(artifacts.runFolder(run.search_id)).read();
      const study = new OpenedStudy(run, artifacts.datasetsFolder);
      for (let from = 0; from < entries.length; from += CALLS_PER_WRITE) {
        const batch = joined(entries.slice(from, from + CALLS_PER_WRITE).map((entry) => study.repeat(entry)));
        await bounded({ what: `record of study ${run.search_id}`, write: (signal) => putTrialBatch(sql, batch, signal) });
      }
      return null;
    },
  };
}

async function requireFolder(folder: string, searchId: string): Promise<void> {
  await access(folder).catch(() => {
    const message = `expected the folder ${folder} of search ${searchId}, found none: all workers need the same artifact folder`;
    throw ApplicationFailure.nonRetryable(message, 'STUDY_FILE_MISSING');
  });
}

/**
 * A study in memory is of use only when it stands where the caller does, and nobody has written to its file since: another worker may
 * have gone on with it, or made its last call again with something else.
 */
async function openStudy(
  kept: OpenedStudy | undefined,
  { run, seq }: AdvanceInput,
  { file, datasetsFolder }: { readonly file: StudyFile; readonly datasetsFolder: string },
): Promise<OpenedStudy> {
  if (kept && kept.seq === seq && kept.fileSize === (await file.size())) return kept;
  return OpenedStudy.restore(run, { entries: await file.read(), seq, datasetsFolder });
}

function keep(open: Map<string, OpenedStudy>, searchId: string, study: OpenedStudy): void {
  open.set(searchId, study);
  for (const oldest of open.keys()) {
    if (open.size <= OPEN_MAX) return;
    open.delete(oldest);
  }
}

function joined(batches: readonly TrialBatch[]): TrialBatch {
  return {
    trials: batches.flatMap(({ trials }) => trials),
    epochs: batches.flatMap(({ epochs }) => epochs),
    events: batches.flatMap(({ events }) => events),
  };
}

async function record(sql: Sql, batch: TrialBatch): Promise<boolean> {
  if (batch.trials.length + batch.epochs.length + batch.events.length === 0) return true;
  const signal = AbortSignal.timeout(RECORD_MS);
  const written = untilAborted(putTrialBatch(sql, batch, signal), signal);
  return written.then(
    () => true,
    () => false,
  );
}
