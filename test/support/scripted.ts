import type { Json } from '../../src/contracts/ledger.ts';
import type { PlanStep } from '../../src/contracts/plan.ts';
import type { Answer } from '../../src/workflows/saga/types.ts';

/** What a scripted step does. Default: succeeds at once with its name, and can be undone. */
export interface Script {
  /**
   * `ok`, `fail` (final), `reject` (at every attempt), `no_effect` (final, and says so), `flaky` (fails twice, then works), `hang` (until
   * cancelled or timed out), `wait` (until a gate opens, or cancelled), `deaf` (until a gate opens, whatever happens). See `openGate`.
   */
  readonly do?: 'ok' | 'fail' | 'reject' | 'no_effect' | 'flaky' | 'hang' | 'wait' | 'deaf' | 'nan' | 'huge' | 'more';
  readonly undo?: 'ok' | 'fail' | 'flaky' | 'wait';
  readonly no_undo?: boolean;
  readonly output?: Json;
  /** Characters that the step's input is made longer by, and that of its undo. */
  readonly pad?: number;
  readonly undo_pad?: number;
  readonly steps?: readonly PlanStep[];
  readonly compensate?: readonly Answer<Json>[];
}

export interface ScriptedStep extends PlanStep {
  readonly script: Script;
}

/** Input of the workflow `scripted`. Steps it adds while running have the default script. */
export interface ScriptedInput {
  readonly steps: readonly ScriptedStep[];
}

export interface ScriptedActivities {
  act(input: { readonly step: string; readonly script: Script; readonly pad?: string }): Promise<Json>;
  undo(input: { readonly step: string; readonly script: Script; readonly outcome: string; readonly pad?: string }): Promise<null>;
}
