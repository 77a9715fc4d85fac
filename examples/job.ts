/**
 * A service with a job of its own: defines it, serves its handlers, runs it. Build once (`npm run build`), start a stack (`npx cerebros
 * dev`), then run `node dist/examples/job.js`. With `serve` it only serves, for `npx cerebros start job --input examples/job.yaml`.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { connect, JobOrchestrator, type GivenJobDefinition, type HandlerInput, type UndoHandlerInput } from 'cerebros';
import { DATA_CONVERTER, serveSteps, type StepContext } from 'cerebros/worker';

const definition: GivenJobDefinition = {
  name: 'word-count',
  steps: [
    { name: 'collect', task_type: 'read', handler: 'collectTexts', queue: 'words', estimated_duration: 2 },
    { name: 'count', task_type: 'compute', handler: 'countWords', queue: 'words', dependencies: ['collect'], estimated_duration: 1 },
    { name: 'longest', task_type: 'compute', handler: 'findLongest', queue: 'words', dependencies: ['collect'], estimated_duration: 1 },
    {
      name: 'publish',
      task_type: 'write',
      handler: 'publish',
      queue: 'words',
      dependencies: ['count', 'longest'],
      max_retries: 5,
      timeout: 30,
      estimated_duration: 1,
      undo: 'unpublish',
    },
  ],
};

/** By run: what was published. */
const published = new Map<string, string>();

const handlers = {
  /** Says how far it is: `progress` and `watch` show it. */
  collectTexts: async ({ inputs }: HandlerInput, step: StepContext) => {
    const { texts } = inputs as { readonly texts: readonly string[] };
    for (const [done] of texts.entries()) {
      step.heartbeat({ done, total: texts.length, note: `${done} texts` });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return texts;
  },
  countWords: async ({ needs }: HandlerInput) => wordsOf(needs).length,
  findLongest: async ({ needs }: HandlerInput) => wordsOf(needs).toSorted((a, b) => b.length - a.length)[0] ?? null,
  publish: async ({ needs }: HandlerInput, step: StepContext) => {
    const text = `${needs['count'] as number} words, the longest is ${needs['longest'] as string}`;
    published.set(step.saga_id, text);
    return text;
  },
  /** Must accept that nothing was published. */
  unpublish: async (_input: UndoHandlerInput, step: StepContext) => published.delete(step.saga_id),
};

function wordsOf({ collect }: HandlerInput['needs']): string[] {
  return (collect as readonly string[]).flatMap((text) => text.split(' '));
}

async function runJob(): Promise<void> {
  const jobs = new JobOrchestrator(cerebros);
  const inputs = { texts: ['a saga', 'of many steps', 'each with an undo'] };
  const id = await jobs.createWorkflow('report-2027-01', definition, { requested_by: 'the example' }, { inputs });
  console.log(`created ${id}`);
  const run = await jobs.executeWorkflow(id);
  console.log(run.status, run.context['publish'] ?? run.error);
  process.exitCode = run.status === 'completed' ? 0 : 1;
}

const cerebros = connect();
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: cerebros.connections.temporal.connection.address }),
  taskQueue: 'words',
  activities: serveSteps(handlers),
  dataConverter: DATA_CONVERTER,
  // By default a heartbeat may be kept back for 8 s, and progress with it.
  maxHeartbeatThrottleInterval: '500ms',
});
try {
  await (process.argv[2] === 'serve' ? worker.run() : worker.runUntil(runJob()));
} finally {
  await cerebros.close();
}
