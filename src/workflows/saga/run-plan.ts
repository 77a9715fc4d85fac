import type { Json } from '../../contracts/ledger.ts';
import type { Plan, PlanStep } from '../../contracts/plan.ts';
import type { Engine } from './engine.ts';
import { runEngine } from './run-saga.ts';
import type { SagaArguments, StepOptions } from './types.ts';

/** What a step of a plan is given. */
export interface Given {
  readonly idx: number;
  /** Outputs of the steps it needs, by name; nothing else. */
  readonly needs: { readonly [name: string]: Json };
}

/** How the steps of a saga given as data are run. */
export interface Driver {
  /** Makes one call for a step. */
  act(step: PlanStep, given: Given): Promise<Json>;
  /** The undo and compensate of a step; default: none. */
  options?(step: PlanStep, given: Given): StepOptions<Json>;
}

/**
 * Runs a saga given as data: each step starts when its needs are done, so independent ones run in parallel. Steps that a step
 * returns join the plan. Answers all outputs, by name.
 */
export async function runPlan<I>(plan: Plan, args: SagaArguments<I>, driver: Driver): Promise<{ [name: string]: Json }> {
  return runEngine(plan, args, (engine) => new Graph(engine, driver).run());
}

interface End {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The graph as it runs. It goes on by promises, not by conditions, so that a step's end and the next one's start are flushed together. */
class Graph {
  readonly #engine: Engine;
  readonly #driver: Driver;
  readonly #outputs = new Map<number, Json>();
  readonly #started = new Set<number>();

  constructor(engine: Engine, driver: Driver) {
    this.#engine = engine;
    this.#driver = driver;
  }

  async run(): Promise<{ [name: string]: Json }> {
    await new Promise<void>((resolve, reject) => this.#advance({ resolve, reject }));
    const { steps } = this.#engine.journal;
    return Object.fromEntries(steps.map((step) => [step.step_name, this.#outputs.get(step.step_idx) ?? null]));
  }

  /** Starts what has become ready. */
  #advance(end: End): void {
    const { steps } = this.#engine.journal;
    if (this.#outputs.size === steps.length) return end.resolve();
    const ready = steps.filter((step) => !this.#started.has(step.step_idx) && step.needs.every((need) => this.#outputs.has(need)));
    for (const step of ready) this.#start(step.step_idx, step.plan, end);
  }

  #start(idx: number, step: PlanStep, end: End): void {
    this.#started.add(idx);
    const given: Given = { idx, needs: this.#needsOf(idx) };
    const options = this.#driver.options?.(step, given) ?? {};
    this.#engine
      .step(idx, () => this.#driver.act(step, given), options)
      .then((output) => {
        this.#outputs.set(idx, output ?? null);
        this.#advance(end);
      })
      .catch(end.reject);
  }

  #needsOf(idx: number): { readonly [name: string]: Json } {
    const { journal } = this.#engine;
    return Object.fromEntries(journal.step(idx).needs.map((need) => [journal.step(need).step_name, this.#outputs.get(need) ?? null]));
  }
}
