import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { ApplicationFailure } from '@temporalio/activity';
import { WithSteps, type StepContext } from '../../src/activities/serve-steps.ts';
import type { Json } from '../../src/contracts/ledger.ts';
import type { EffectsFile } from './effects-file.ts';
import type { Script } from './scripted.ts';
import { until } from './until.ts';

interface Input {
  readonly step: string;
  readonly script: Script;
}

/** Called at the points of an activity where a process may die. */
export type KillPoint = (at: 'before_effect' | 'after_effect', step: string, phase: 'do' | 'undo', attempt: number) => void;

/** Activities of the workflow `scripted`: each effect is a line in a file, made once per idempotency key. */
export function createScriptedActivities(effects: EffectsFile, gate: string, killPoint: KillPoint = () => undefined) {
  const effect = (phase: 'do' | 'undo', step: StepContext, outcome?: string): void => {
    killPoint('before_effect', step.step_name, phase, step.attempt);
    if (!effects.has(step.idempotency_key)) {
      effects.append({
        key: step.idempotency_key,
        step: step.step_name,
        phase,
        saga_id: step.saga_id,
        attempt: step.attempt,
        ...(outcome ? { outcome } : {}),
      });
    }
    killPoint('after_effect', step.step_name, phase, step.attempt);
  };
  return {
    act: async ({ script }: Input, step: StepContext): Promise<Json | WithSteps<Json>> => {
      if (script.do === 'no_effect') throw ApplicationFailure.nonRetryable('nothing was done', 'NO_EFFECT');
      effect('do', step);
      await behave(script.do, step, gate);
      if (script.do === 'more') return new WithSteps<Json>(step.step_name, script.steps ?? []);
      if (script.do === 'nan') return { value: Number.NaN };
      if (script.do === 'huge') return 'x'.repeat(300_000);
      return script.output ?? step.step_name;
    },
    undo: async ({ script, outcome }: Input & { readonly outcome: string }, step: StepContext): Promise<null> => {
      effect('undo', step, outcome);
      await behave(script.undo, step, `${gate}.undo`);
      return null;
    },
  };
}

async function behave(how: Script['do'], step: StepContext, gate: string): Promise<void> {
  if (how === 'fail') throw ApplicationFailure.nonRetryable(`${step.step_name} was told to fail`, 'SCRIPTED');
  if (how === 'flaky' && step.attempt < 3) throw ApplicationFailure.create({ message: 'not yet', type: 'FLAKY', nextRetryDelay: 10 });
  if (how === 'hang') await once(step.signal, 'abort').then(() => step.signal.throwIfAborted());
  if (how === 'reject') throw ApplicationFailure.create({ message: 'never', type: 'REJECTED', nextRetryDelay: 10 });
  const open = (): boolean => [gate, `${gate}.${step.saga_id}`].some((file) => existsSync(file));
  if (how === 'wait') await until(() => open() || step.signal.aborted, 55_000).then(() => step.signal.throwIfAborted());
  if (how === 'deaf') await until(open, 300_000);
}
