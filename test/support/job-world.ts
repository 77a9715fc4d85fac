import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { JobOrchestrator } from '../../src/client/job-orchestrator.ts';
import { resolveConnections } from '../../src/config.ts';
import type { GivenJobDefinition, HandlerInput } from '../../src/contracts/job.ts';
import type { Json } from '../../src/contracts/ledger.ts';
import type { ExternalStepInput, ExternalSuccess } from '../../src/contracts/step-protocol.ts';
import { serveSteps, type StepContext } from '../../src/activities/serve-steps.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { startDev, type DevStack } from './cli.ts';

// Cerebros as a user has it, and a service in this process: its handlers ask an HTTP source, which a test switches off and on.

/** An HTTP server that answers `{path}` to every request. */
export interface Source {
  readonly url: string;
  /** Paths of the requests that came, in order. */
  readonly asked: readonly string[];
  /** Answers 503 to paths that begin so, and only to them, from now on. */
  down(...paths: readonly string[]): void;
  /** Keeps requests to paths that begin so, too, waiting until `release`. */
  hold(path: string): void;
  release(): void;
  stop(): Promise<void>;
}

export interface JobWorld {
  readonly stack: DevStack;
  readonly cerebros: Cerebros;
  readonly jobs: JobOrchestrator;
  readonly source: Source;
  stop(): Promise<void>;
}

type Step = GivenJobDefinition['steps'][number];

/** A step that asks the source for `/<job>/<name>`, where the job is the run's inputs. */
export function asks(name: string, more: Partial<Step> = {}): Step {
  return { name, task_type: 'http', handler: 'ask', queue: 'service', max_retries: 0, ...more };
}

export async function startJobWorld(): Promise<JobWorld> {
  const [stack, source] = await Promise.all([startDev(), startSource()]);
  const cerebros = connect({ connections: resolveConnections({ data_dir: stack.dataDir }, {}) });
  const stopService = await serve(stack, source);
  return {
    stack,
    cerebros,
    jobs: new JobOrchestrator(cerebros),
    source,
    stop: async () => {
      source.release();
      await stopService();
      await source.stop();
      await cerebros.close();
      await stack.stop();
    },
  };
}

async function serve(stack: DevStack, { url }: Source): Promise<() => Promise<void>> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const get = async (path: string, step: StepContext): Promise<Json> => {
    const response = await fetch(`${url}${path}`, { signal: step.signal });
    if (!response.ok) throw new Error(`GET ${path}: expected 200, got ${response.status}`);
    return (await response.json()) as Json;
  };
  const steps = serveSteps({
    ask: ({ inputs }: HandlerInput, step) => get(`/${inputs as string}/${step.step_name}`, step),
    takeBack: ({ inputs }: HandlerInput, step) => get(`/${inputs as string}/undo-${step.step_name}`, step),
    cannotTakeBack: () => Promise.reject(ApplicationFailure.nonRetryable('it is out of reach', 'GONE')),
  });
  const activities = {
    ...steps,
    answerAbroad: async ({ inputs }: ExternalStepInput): Promise<ExternalSuccess> => ({
      status: 'SUCCESS',
      result: inputs,
      worker_id: 'abroad',
      attempt: 1,
      started_at: new Date().toISOString(),
    }),
  };
  const connection = await NativeConnection.connect({ address: stack.stackFile().temporal_address });
  const worker = await Worker.create({
    connection,
    taskQueue: 'service',
    activities,
    dataConverter: DATA_CONVERTER,
    shutdownGraceTime: '100ms',
    maxHeartbeatThrottleInterval: '100ms',
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

async function startSource(): Promise<Source> {
  const asked: string[] = [];
  const held = new Map<string, ServerResponse>();
  const answer = (path: string, response: ServerResponse): void => {
    if (broken.some((one) => path.startsWith(one))) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path }));
  };
  let [broken, holding]: [readonly string[], string[]] = [[], []];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (holding.some((path) => url.startsWith(path))) held.set(url, response);
    else answer(url, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    down: (...paths) => void (broken = paths),
    hold: (path) => void holding.push(path),
    release: () => {
      holding = [];
      for (const [url, response] of held) answer(url, response);
      held.clear();
    },
    stop: () => stop(server),
  };
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
