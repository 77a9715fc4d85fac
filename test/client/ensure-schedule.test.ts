import { randomBytes } from 'node:crypto';
import { Client, Connection, ScheduleNotFoundError, type ScheduleHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ensureSchedule, type RecurringWorkflow } from '../../src/client/ensure-schedule.ts';

let client: Client;
let schedule: ScheduleHandle;
let wanted: RecurringWorkflow;

beforeAll(async () => {
  const connection = await Connection.connect({ address: process.env['CEREBROS_TEST_ADDRESS'] ?? '' });
  client = new Client({ connection });
});
afterAll(() => client.connection.close());

beforeEach(() => {
  const id = `ensured-${randomBytes(4).toString('hex')}`;
  // Nobody serves the queue, and nothing starts within the test.
  wanted = { id, every_ms: 86_400_000, workflow_type: 'look', queue: 'nobody', timeout_ms: 5000, summary: 'look about' };
  schedule = client.schedule.getHandle(id);
});
afterEach(() => ensureSchedule(client, { ...wanted, every_ms: 0 }));

it('makes a schedule that skips a start while one runs, and catches up on none that is long past', async () => {
  await ensureSchedule(client, wanted);
  expect(await schedule.describe()).toMatchObject({
    spec: { intervals: [{ every: 86_400_000 }] },
    policies: { overlap: 'SKIP', catchupWindow: 10_000 },
    action: { workflowType: 'look', taskQueue: 'nobody', args: [], workflowExecutionTimeout: 5000 },
    state: { paused: false, note: 'look about' },
  });
});

it('is made once by many at the same time', async () => {
  await Promise.all(Array.from({ length: 5 }, () => ensureSchedule(client, wanted)));
  expect((await schedule.describe()).spec.intervals).toHaveLength(1);
});

it('follows its settings, and stays paused with the note of who paused it', async () => {
  await ensureSchedule(client, wanted);
  await schedule.pause('maintenance until noon');
  await ensureSchedule(client, { ...wanted, every_ms: 3_600_000, input: { deep: true } });
  expect(await schedule.describe()).toMatchObject({
    spec: { intervals: [{ every: 3_600_000 }] },
    action: { args: [{ deep: true }] },
    state: { paused: true, note: 'maintenance until noon' },
  });
});

it('is taken away by 0, and 0 is fine when there is none', async () => {
  await ensureSchedule(client, wanted);
  await ensureSchedule(client, { ...wanted, every_ms: 0 });
  await ensureSchedule(client, { ...wanted, every_ms: 0 });
  await expect(schedule.describe()).rejects.toThrow(ScheduleNotFoundError);
});
