import { parseVersion } from '../../contracts/version.ts';
import { callsByStep, statesAt, type Snapshot, type StatesAtVersion, type ToldCall } from './at-version.ts';
import type { HistoryEvent } from './decode.ts';
import type { FoldOptions } from './fold.ts';
import type { FoldedRun } from './folded.ts';

/** Is what a run left final, and did its last flush write every row? */
export function isWhole(run: FoldedRun): boolean {
  return run.ended === 'completed' || run.ended === 'failed' || run.ended === 'cancelled';
}

/** The states that a row may show, by its version; each workflow task is folded once. */
export class RowReader {
  readonly folded: FoldedRun;
  readonly calls: ReadonlyMap<number, readonly ToldCall[]>;
  ahead = false;
  readonly #events: readonly HistoryEvent[];
  readonly #options: FoldOptions;
  readonly #states = new Map<number, StatesAtVersion>();

  constructor(events: readonly HistoryEvent[], options: FoldOptions, folded: FoldedRun) {
    this.#events = events;
    this.#options = options;
    this.folded = folded;
    this.calls = callsByStep(events);
  }

  /** Undefined: the row shows more than this history has. */
  states(version: number): readonly Snapshot[] | undefined {
    if (isWhole(this.folded)) return [{ run: this.folded, event: this.folded.events }];
    const { run_no, history_length } = parseVersion(version);
    if (run_no > this.folded.run_no) {
      this.ahead = true;
      return undefined;
    }
    const at = this.#at(run_no < this.folded.run_no ? 0 : history_length);
    if (at.ahead) this.ahead = true;
    return at.ahead ? undefined : at.states;
  }

  #at(historyLength: number): StatesAtVersion {
    const known = this.#states.get(historyLength);
    if (known) return known;
    const states = statesAt(this.#events, this.#options, historyLength);
    this.#states.set(historyLength, states);
    return states;
  }
}
