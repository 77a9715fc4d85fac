import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createTrainRung } from '../../src/activities/train-rung.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import type { TrainRungInput, TrainRungResult } from '../../src/contracts/train-rung.ts';

/** What an input came to. */
export interface Outcome {
  readonly result?: TrainRungResult;
  readonly error?: { readonly type: string; readonly message: string; readonly non_retryable: boolean };
}

/** Something that serves `trainRung`. */
export interface TrainingEngine {
  readonly name: string;
  /** Trains one after the other. */
  run(inputs: readonly TrainRungInput[]): Promise<readonly Outcome[]>;
}

/** Our own trainer, over the artifacts in a folder. */
export function typescriptEngine(artifacts: string): TrainingEngine {
  const { trainRung } = createTrainRung({ artifacts: new ArtifactStore(artifacts) });
  const outcomeOf = async (input: TrainRungInput): Promise<Outcome> => {
    try {
      return { result: await new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(trainRung, input) };
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      return { error: { type: String(error.type), message: error.message, non_retryable: error.nonRetryable === true } };
    }
  };
  return {
    name: 'typescript',
    run: async (inputs) => {
      const outcomes: Outcome[] = [];
      for (const input of inputs) outcomes.push(await outcomeOf(input));
      return outcomes;
    },
  };
}

/** scikit-learn, in a process of this Python a call. */
export function pythonEngine(python: string, artifacts: string): TrainingEngine {
  return {
    name: 'python',
    run: async (inputs) => {
      const child = spawn(python, ['-m', 'cerebros.nas.conformance', '--artifacts', artifacts], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end(JSON.stringify(inputs));
      const [written, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
      if (code !== 0) throw new Error(`expected ${python} to train ${inputs.length} inputs, it ended with ${String(code)}`);
      return JSON.parse(written) as Outcome[];
    },
  };
}
