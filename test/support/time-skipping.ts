import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { missing } from './optional.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/time-skipping-server.mjs', import.meta.url));
const INSTALL = 'Java 11 or later and Maven (and the network, once)';
const TIMEOUT_MS = 6 * 60_000;
const BOOTS_MAX = 5;
/** As in Temporal's IndexedValueType. */
const KEYWORD = 2;

/**
 * Temporal's test server, whose time stands to be skipped: `sleep` and a wait for a result skip it, else it goes as ours does. Undefined
 * when there is none; the end of the run then says that `what` could not run.
 */
export async function startTimeSkipping(what: string): Promise<TestWorkflowEnvironment | undefined> {
  const path = await findServer(what);
  if (path === undefined) return undefined;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const time = await boot(path, BOOTS_MAX);
  const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, KEYWORD]));
  await time.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  return time;
}

/** The SDK gives a server 5 s to start, and on a busy machine Java may need more. */
async function boot(path: string, bootsLeft: number): Promise<TestWorkflowEnvironment> {
  try {
    const server = { executable: { type: 'existing-path', path } } as const;
    return await TestWorkflowEnvironment.createTimeSkipping({ server, client: { dataConverter: DATA_CONVERTER } });
  } catch (error) {
    if (bootsLeft === 1) throw error;
    return boot(path, bootsLeft - 1);
  }
}

async function findServer(what: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { timeout: TIMEOUT_MS });
    return stdout.trim();
  } catch (error) {
    missing(`${what} (${String(error).trim().split('\n').at(-1)})`, INSTALL);
    return undefined;
  }
}
