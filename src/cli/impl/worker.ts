import { hostname } from 'node:os';
import { resolveConnections } from '../../config.ts';
import { OWN_QUEUES } from '../../contracts/queues.ts';
import { startWorker } from '../../worker.ts';
import type { CliContext } from '../context.ts';
import { untilPolling } from '../dev/until-polling.ts';
import type { WorkerFlags } from '../flags.ts';
import { outputOf } from '../output.ts';

/** Said to `cerebros dev` when a worker that it started polls. */
export const WORKER_READY = 'worker-ready';

/** `worker`: serves until it is told to stop, then lets running tasks finish for at most 5 s. */
export async function worker(this: CliContext, flags: WorkerFlags): Promise<void> {
  const output = outputOf(this, flags);
  const { address, namespace, profile, dataDir: data_dir } = flags;
  const queues = flags.queues ?? OWN_QUEUES;
  const connections = resolveConnections({ address, namespace, profile, data_dir }, this.env);
  const started = await startWorker({ connections, queues });
  const running = started.run();
  const forget = onStop(() => started.shutdown());
  try {
    await Promise.race([running, untilPolling(connections, queues, `${process.pid}@${hostname()}`)]);
    process.send?.(WORKER_READY);
    output.note(`worker polls ${queues.join(', ')} at ${connections.temporal.connection.address}; Ctrl-C stops it`);
  } catch (error) {
    started.shutdown();
    await running.catch(() => undefined);
    throw error;
  } finally {
    await running.finally(forget);
  }
}

/** Signals, and the end of the `dev` that started us, however it ended. */
function onStop(stop: () => void): () => void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.on('disconnect', stop);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    process.off('disconnect', stop);
    if (process.connected) process.disconnect();
  };
}
