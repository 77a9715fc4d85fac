import { definePlan } from '../../src/contracts/plan.ts';
import type { Script, ScriptedInput } from './scripted.ts';

/** Plan of the workflow `bodied`. */
export const bodiedPlan = definePlan('bodied', [
  { name: 'first', heartbeat_ms: 600 },
  { name: 'second', needs: ['first'], heartbeat_ms: 600 },
  { name: 'last', always: true },
]);

/** Input of the workflow `bodied`: steps `first`, `second` and, in the variant `last`, one that runs last. */
export interface BodiedInput {
  readonly variant:
    | 'plain'
    | 'last'
    | 'stops_short'
    | 'huge_result'
    | 'sub_saga'
    | 'no_call'
    | 'other_value'
    | 'two_calls'
    | 'two_at_once'
    | 'call_after_waiting'
    | 'outside'
    | 'twice'
    | 'nan_compensate'
    | 'huge_compensate';
  readonly scripts?: Readonly<Partial<Record<'first' | 'second' | 'last', Script>>>;
  readonly child?: ScriptedInput;
}
