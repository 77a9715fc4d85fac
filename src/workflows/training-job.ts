import {
  ActivityCancellationType,
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { jobPauseSignal, jobResumeSignal, MESSAGE_DESCRIPTIONS } from '../contracts/messages.ts';
import {
  TRAINING_QUEUE,
  type TrainingJobActivities,
  type TrainingJobInput,
  type TrainingJobResult,
  type TrainedModel,
} from '../contracts/training-run.ts';

/** How often a segment may lose its worker; each new try goes on from the last checkpoint. */
const WORKER_LOSSES = 50;

/**
 * A training as a loop of activities, each to the next checkpoint. It is no saga: whoever started it owns it, and cancels it to undo.
 * A pause acts at the next checkpoint.
 */
export async function trainingJob(input: TrainingJobInput): Promise<TrainingJobResult> {
  const { training, run_name } = input;
  const { spec, checkpoint_interval } = training;
  let { epoch, checkpoint, curve, paused } = input.progress ?? { epoch: 0, checkpoint: null, curve: [], paused: false };
  setHandler(jobPauseSignal, () => void (paused = true), { description: MESSAGE_DESCRIPTIONS.jobPause });
  setHandler(jobResumeSignal, () => void (paused = false), { description: MESSAGE_DESCRIPTIONS.jobResume });
  let model: TrainedModel | null = null;
  while (model === null) {
    if (paused) setCurrentDetails(`**paused** after epoch ${epoch} of ${spec.epochs}`);
    await condition(() => !paused);
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      return continueAsNew<typeof trainingJob>({ ...input, progress: { epoch, checkpoint, curve, paused } });
    }
    const until_epoch = Math.min(spec.epochs, epoch + checkpoint_interval);
    setCurrentDetails(`**training** epochs ${epoch + 1} to ${until_epoch} of ${spec.epochs}`);
    const segment = await trainTo(until_epoch).trainSegment({ training, run_name, checkpoint, until_epoch });
    ({ epoch, checkpoint, model } = segment);
    curve = [...curve, ...segment.epochs];
  }
  await condition(allHandlersFinished);
  return { model, checkpoint: checkpoint ?? '', curve };
}

function trainTo(epoch: number): TrainingJobActivities {
  return proxyActivities<TrainingJobActivities>({
    taskQueue: TRAINING_QUEUE,
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '10 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds', maximumAttempts: WORKER_LOSSES },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `train to epoch ${epoch}`,
  });
}
