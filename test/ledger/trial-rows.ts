import type { TrialBatch, TrialEpoch, TrialEvent, TrialRow } from '../../src/contracts/nas-search.ts';
import { NOON } from './batches.ts';

/** A completed trial. */
export function trial(run: string, number: number, parts: Partial<TrialRow> = {}): TrialRow {
  return {
    run,
    number,
    params: { depth: 2, activation: 'relu' },
    status: 'completed',
    value: 0.9,
    epochs: 3,
    param_count: 101_770,
    weights_sha256: 'ab',
    engine: 'typescript',
    error: null,
    started_at: NOON,
    completed_at: NOON,
    version: 1,
    ...parts,
  };
}

/** One epoch of a trial. */
export function epoch(run: string, of: number, number: number, validation_accuracy = 0.8): TrialEpoch {
  return { run, trial: of, record: { epoch: number, train_loss: 1 / number, validation_accuracy, ms: 5 } };
}

/** An event of a trial; `what` and the trial make its id. */
export function trialEvent(search_id: string, of: number, what: TrialEvent['what']): TrialEvent {
  return {
    id: `${search_id}/${of}/${what}`,
    what,
    search_id,
    time: NOON,
    data: { trial: of, params: { depth: 2 }, value: 0.9, epochs: 3 },
  };
}

/** A batch with nothing in it but what is given. */
export function trialBatch(parts: Partial<TrialBatch>): TrialBatch {
  return { trials: [], epochs: [], events: [], ...parts };
}
