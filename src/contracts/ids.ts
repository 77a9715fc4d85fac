/** Ids and the strings built from them. Everything that names a run, a step call or an effect is built and parsed here. */

/** What a saga id (= Temporal workflow id) may look like; nothing else may enter a visibility query. */
export const ID_PATTERN = /^[A-Za-z0-9._:-]{1,200}$/;

export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** `do` runs a step forward, `undo` takes it back, `value` records the value a `compensate` continued with. */
export type CallPhase = 'do' | 'undo' | 'value';

/** One call of a step: what its activity id, or the head of its summary, says. */
export interface CallId {
  readonly step_idx: number;
  readonly step_name: string;
  readonly phase: CallPhase;
  /** Running number of the calls of this step and phase within one workflow run, from 1. */
  readonly n: number;
}

/** `idx:name:do|undo|value:n`, unique within a workflow run. */
export function formatCallId(call: CallId): string {
  return `${call.step_idx}:${call.step_name}:${call.phase}:${call.n}`;
}

const CALL_ID = /^(\d{1,4}):([A-Za-z0-9._-]{1,100}):(do|undo|value):(\d{1,6})(?=$| )/;

/** Reads a call id from an activity id, or from the first word of a summary (`idx:name:do:n label`). */
export function parseCallId(text: string): CallId | undefined {
  const match = CALL_ID.exec(text);
  if (!match) return undefined;
  const [, idx = '', name = '', phase = 'do', n = ''] = match;
  return { step_idx: Number(idx), step_name: name, phase: phase as CallPhase, n: Number(n) };
}

/** The parts of an idempotency key; see `formatIdempotencyKey`. */
export interface EffectId {
  readonly id: string;
  /** Run id of the first run of the id: carried through continue-as-new and re-entry. */
  readonly root_run_id: string;
  readonly step_idx: number;
  /** Which call of the step within one execution of it, from 0; a step of this release makes one. */
  readonly call: number;
  readonly phase: 'do' | 'undo';
  /** Grows only after the step's undo completed, so an unknown outcome is still adopted under the old key. */
  readonly generation: number;
}

/** `id/root_run_id/step_idx.call/do|undo/generation`: the same for every attempt at one effect. */
export function formatIdempotencyKey(effect: EffectId): string {
  const { id, root_run_id, step_idx, call, phase, generation } = effect;
  return `${id}/${root_run_id}/${step_idx}.${call}/${phase}/${generation}`;
}

/** Id of a child of a run: `<id>.<suffix>`. */
export function childId(id: string, suffix: string): string {
  return `${id}.${suffix}`;
}
