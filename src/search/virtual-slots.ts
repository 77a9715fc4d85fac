import type { RungOutcome } from '../contracts/nas-study.ts';

/** A rung that was decided on and does not count yet. */
export interface SlotJob {
  readonly number: number;
  readonly to_epoch: number;
  readonly epochs: number;
  /** Virtual duration. */
  readonly cost: number;
  /** Set when its result has come. */
  outcome: RungOutcome | null;
}

/**
 * A number of machines that work in virtual time: each takes the next job in order of decision when it is free, for the job's cost. Says
 * in which order results count; that order depends on costs and decisions alone.
 */
export class VirtualSlots {
  /** Jobs in order of decision. */
  readonly jobs: SlotJob[] = [];
  /** Virtual time at which each running job is done. */
  readonly #ends = new Map<SlotJob, number>();
  #slots: number;
  #now = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  add(job: SlotJob): void {
    this.jobs.push(job);
    this.#begin();
  }

  /** The job that is done first in virtual time, when its result has come: taken out, and its time is now. */
  takeDue(): SlotJob | null {
    const [job, end] = [...this.#ends].toSorted(([a, endA], [b, endB]) => endA - endB || a.number - b.number)[0] ?? [];
    if (!job?.outcome) return null;
    this.#now = end ?? this.#now;
    this.remove(job);
    return job;
  }

  remove(job: SlotJob): void {
    this.jobs.splice(this.jobs.indexOf(job), 1);
    this.#ends.delete(job);
    this.#begin();
  }

  resize(slots: number): void {
    this.#slots = slots;
    this.#begin();
  }

  clear(): void {
    this.jobs.length = 0;
    this.#ends.clear();
  }

  #begin(): void {
    for (const job of this.jobs) {
      if (this.#ends.size >= this.#slots) return;
      if (!this.#ends.has(job)) this.#ends.set(job, this.#now + job.cost);
    }
  }
}
