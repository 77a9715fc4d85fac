import { ApplicationFailure, CancellationScope, condition, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { ERROR_CODES } from '../../contracts/errors.ts';
import { formatCallId } from '../../contracts/ids.ts';
import type { DecideInput } from '../../contracts/messages.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import type { Decision, ExternalApproval, ExternalSleep, Resume } from '../../contracts/step-protocol.ts';
import type { Journal } from './journal.ts';
import { showPhase } from './show-phase.ts';
import type { Engine } from './engine.ts';

/** A step that sleeps, or that waits for a decision. */
export interface Suspension {
  readonly request: ExternalSleep | ExternalApproval;
  /** Ends it before its time. */
  end(how: Ending): void;
}

/** `stop`: the step goes no further, because the run halts or was cancelled. */
type Ending =
  | { readonly by: 'time' | 'wake' }
  | { readonly by: 'decision'; readonly decision: Decision }
  | { readonly by: 'stop'; readonly error: unknown };

/** What a step asked for, in its call `n`, at `since` ms. */
interface Asked {
  readonly idx: number;
  readonly n: number;
  readonly request: ExternalSleep | ExternalApproval;
  readonly since: number;
  readonly ms: number;
}

/** The steps of a run that sleep or wait. */
export class Suspensions {
  readonly #engine: Engine;
  readonly #open = new Map<number, Suspension>();
  /** All that were made, by step: one that comes again is answered with itself, a late one refused with the last. */
  readonly #decisions = new Map<number, Decision[]>();
  #needed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  of(idx: number): Suspension | undefined {
    return this.#open.get(idx);
  }

  /** The decision that was made under an id; without one the last. */
  decided(idx: number, decision_id?: string): Decision | undefined {
    const made = this.#decisions.get(idx) ?? [];
    return decision_id === undefined ? made.at(-1) : made.find((each) => each.decision_id === decision_id);
  }

  /** The run halts, or is cancelled after the running step: a suspension is such a boundary. */
  endAll(): void {
    for (const suspension of this.#open.values()) suspension.end({ by: 'stop', error: halted() });
  }

  decide(idx: number, { decision, by, comment, decision_id }: DecideInput): Decision {
    const made = this.decided(idx, decision_id);
    if (made) return made;
    const fresh: Decision = { decision, by, comment, decision_id, decided_at: new Date().toISOString(), timed_out: false };
    this.#decisions.set(idx, [...(this.#decisions.get(idx) ?? []), fresh]);
    this.#open.get(idx)?.end({ by: 'decision', decision: fresh });
    return fresh;
  }

  /**
   * Suspends a step until its time has come, or somebody ends it. `n` is the call that asked for it. A suspension has begun when its
   * timer has: in a run that is ending there is neither.
   */
  async wait(idx: number, request: ExternalSleep | ExternalApproval, n: number): Promise<Resume> {
    // A failure takes effect at resume; until then sleeps go on.
    if (!this.#engine.paused || this.#engine.failure?.native || this.#halting) await this.#stopIfEnding();
    const ms = request.status === 'SLEEP' ? request.duration_ms : request.timeout_ms;
    const asked: Asked = { idx, n, request, since: Date.now(), ms };
    this.#begin(asked);
    const ending = await this.#ended(asked);
    this.#engine.journal.setStep(idx, { wakes_at: null });
    if (ending.by === 'stop') {
      if (request.status === 'APPROVAL') this.#engine.journal.setApproval(idx, n, { status: 'cancelled' });
      throw ending.error;
    }
    const resume: Resume =
      request.status === 'SLEEP' ? slept(request, asked.since) : { kind: 'approval', decision: this.#decisionOf(asked, request, ending) };
    this.#engine.journal.setStep(idx, { status: 'running' }, 'resumed');
    if (this.#engine.paused && !this.#engine.shielded) await condition(() => !this.#engine.paused || this.#halting);
    await this.#stopIfEnding();
    return resume;
  }

  /** Does the run stop at its next step boundary? What runs last does not mind. */
  get #halting(): boolean {
    const { failure, start, shielded } = this.#engine;
    if (!failure || shielded) return false;
    return failure.halt === true || failure.graceful === true || (start.on_failure === 'halt' && failure.reason !== 'cancelled');
  }

  /** No call is made, and no suspension begins, once the run has failed. */
  async #stopIfEnding(): Promise<void> {
    if (this.#halting) throw halted();
    // The cancel of what runs is on its way.
    if (this.#engine.failure && !this.#engine.shielded) await condition(() => false);
  }

  #begin({ idx, n, request, since, ms }: Asked): void {
    const { journal } = this.#engine;
    const until = new Date(since + ms).toISOString();
    const { worker_id, attempt, started_at } = request;
    const report = { worker_id, attempts: attempt, started_at, wakes_at: until };
    journal.setStep(idx, { ...report, status: request.status === 'SLEEP' ? 'sleeping' : 'waiting' }, 'sleeping');
    if (request.status === 'APPROVAL') journal.putApproval(approvalRow(journal, { idx, n, request, until }));
  }

  async #ended({ idx, n, request, ms }: Asked): Promise<Ending> {
    const timer = new CancellationScope();
    const told: { ending: Ending } = { ending: { by: 'time' } };
    const end = (ending: Ending): void => {
      if (this.#open.get(idx) !== suspension) return;
      told.ending = ending;
      this.#open.delete(idx);
      timer.cancel();
    };
    const suspension: Suspension = { request, end };
    this.#open.set(idx, suspension);
    // Another step's failure may halt the run.
    void this.#engine.ending.promise.then(() => this.#halting && end({ by: 'stop', error: halted() }));
    this.#showNeeds();
    const call = formatCallId({ step_idx: idx, step_name: this.#engine.journal.step(idx).step_name, phase: 'do', n });
    const summary = `${call} ${request.status === 'SLEEP' ? 'sleep' : `approval ${request.approval_type}`}`.slice(0, 120);
    try {
      await timer.run(() => sleep(ms, { summary }));
    } catch (error) {
      // Its own cancel, or the run's: the latter has no ending.
      if (told.ending.by === 'time') end({ by: 'stop', error });
    }
    this.#open.delete(idx);
    this.#showNeeds();
    return told.ending;
  }

  #decisionOf({ idx, n }: Asked, { on_timeout = 'reject' }: ExternalApproval, ending: Ending): Decision {
    const { journal } = this.#engine;
    if (ending.by === 'decision') {
      const { decision, by, comment, decided_at, decision_id } = ending.decision;
      journal.setApproval(idx, n, { status: decision, decided_by: by, decided_at, comment, decision_id });
      return ending.decision;
    }
    const decided_at = new Date().toISOString();
    const decision_id = `${journal.run.root_run_id}/${idx}/${n}/timeout`;
    journal.setApproval(idx, n, { status: 'timed_out', decided_at, decision_id });
    const decision = on_timeout === 'approve' ? 'approved' : 'rejected';
    const made: Decision = { decision, by: null, comment: null, decided_at, decision_id, timed_out: true };
    this.#decisions.set(idx, [...(this.#decisions.get(idx) ?? []), made]);
    if (on_timeout === 'fail') throw ApplicationFailure.nonRetryable('nobody decided in time', ERROR_CODES.APPROVAL_TIMEOUT);
    return made;
  }

  /** The search attribute says whether anybody is waited for; it changes only when that does. */
  #showNeeds(): void {
    const open = [...this.#open];
    const needed = open.some(([, { request }]) => request.status === 'APPROVAL');
    if (needed !== this.#needed) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.needs, value: needed ? 'approval' : null }]);
    this.#needed = needed;
    showPhase(this.#engine, open.map(([idx, { request }]) => phaseOf(this.#engine, idx, request)).join('\n\n') || undefined);
  }
}

function halted(): Error {
  return ApplicationFailure.nonRetryable('halted while it was suspended', ERROR_CODES.SAGA_HALTED);
}

function slept({ data }: ExternalSleep, since: number): Resume {
  return { kind: 'sleep', data, slept_ms: Date.now() - since };
}

function phaseOf(engine: Engine, idx: number, request: Suspension['request']): string {
  const { step_name, wakes_at } = engine.journal.step(idx);
  return request.status === 'SLEEP'
    ? `- ${step_name} sleeps until ${wakes_at}`
    : `- ${step_name} waits for approval (${request.approval_type}) until ${wakes_at}`;
}

interface Question {
  readonly idx: number;
  readonly n: number;
  readonly request: ExternalApproval;
  readonly until: string;
}

function approvalRow(journal: Journal, { idx, n, request, until }: Question): Parameters<Journal['putApproval']>[0] {
  const requester = journal.run.metadata['requested_by'];
  return {
    step_idx: idx,
    n,
    step_name: journal.step(idx).step_name,
    approval_type: request.approval_type,
    data: request.data,
    approvers: request.approvers ?? null,
    requester: typeof requester === 'string' ? requester : null,
    on_timeout: request.on_timeout ?? 'reject',
    requested_at: new Date().toISOString(),
    expires_at: until,
    status: 'waiting',
    decided_by: null,
    decided_at: null,
    comment: null,
    decision_id: null,
  };
}
