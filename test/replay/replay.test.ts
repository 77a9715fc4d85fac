import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import {
  attributesName,
  later,
  payloadOf,
  valueIn,
  withAttributes,
  withGap,
  withoutEvent,
  type HistoryJson,
} from '../support/doctored-history.ts';

// Recorded by `node scripts/record-histories.mjs`. A replay needs no server: it asks whether the code still does what it did.

const DIR = fileURLToPath(new URL('./histories', import.meta.url));
const THIRTY_DAYS_MS = 30 * 86_400_000;

/** Every history there must be, and how its run closed: by Temporal's word, and by the run's own. */
const ENDINGS: Readonly<Record<string, readonly [event: string, status: string | null]>> = {
  'blueprint-cancelled-asleep': ['CANCELED', null],
  'blueprint-cancelled-waiting': ['CANCELED', null],
  'blueprint-completed': ['COMPLETED', null],
  'blueprint-dynamic-steps': ['COMPLETED', null],
  'blueprint-halted-asleep': ['FAILED', 'halted'],
  'blueprint-paused-asleep': ['COMPLETED', null],
  'blueprint-recovered': ['COMPLETED', null],
  'blueprint-rejected': ['FAILED', 'rolled_back'],
  'blueprint-rollback-of-halted': ['FAILED', 'rolled_back'],
  'blueprint-rolled-back': ['FAILED', 'rolled_back'],
  'blueprint-slept-three-days': ['COMPLETED', null],
  'blueprint-timeout-approves': ['COMPLETED', null],
  'blueprint-timeout-fails': ['FAILED', 'rolled_back'],
  'blueprint-timeout-rejects': ['FAILED', 'rolled_back'],
  'blueprint-woken': ['COMPLETED', null],
  'check-cloud-cancelled': ['CANCELED', null],
  'check-cloud-completed': ['COMPLETED', null],
  'dataset-build-cancelled': ['CANCELED', null],
  'dataset-build-completed': ['COMPLETED', null],
  'dataset-build-halted': ['FAILED', 'halted'],
  'dataset-build-halted-in-a-stage': ['FAILED', 'halted'],
  'dataset-build-paused-and-resumed': ['COMPLETED', null],
  'dataset-build-recovered': ['COMPLETED', null],
  'dataset-build-rolled-back': ['FAILED', 'rolled_back'],
  'dataset-build-same-again': ['COMPLETED', null],
  'dataset-build-too-many-dropped': ['FAILED', 'halted'],
  'dataset-stage-cancelled': ['CANCELED', null],
  'dataset-stage-download': ['COMPLETED', null],
  'dataset-stage-halted': ['FAILED', 'the stage was halted; recover its build to go on'],
  'dataset-stage-paused-and-resumed': ['COMPLETED', null],
  'dataset-stage-too-many-dropped': [
    'FAILED',
    'expected at most 0.1 of 20 images to be dropped (download.max_failed_fraction), got 20 so far',
  ],
  'dataset-stage-validate': ['COMPLETED', null],
  'job-cancelled': ['FAILED', 'rolled_back'],
  'job-completed': ['COMPLETED', null],
  'job-halted': ['FAILED', 'halted'],
  'job-recovered': ['COMPLETED', null],
  'job-skipped': ['COMPLETED', null],
  'nas-run-cancelled': ['CANCELED', null],
  'nas-run-completed': ['COMPLETED', null],
  'nas-run-halted': ['FAILED', 'halted'],
  'nas-run-rolled-back': ['FAILED', 'rolled_back'],
  'nas-search-cancelled': ['CANCELED', null],
  'nas-search-completed': ['COMPLETED', null],
  'nas-search-edited': ['COMPLETED', null],
  'nas-search-halted': ['FAILED', 'halted'],
  'nas-search-recovered': ['COMPLETED', null],
  'nas-search-rolled-back': ['FAILED', 'rolled_back'],
  'nas-search-worker-lost': ['COMPLETED', null],
  'nas-study-cancelled': ['CANCELED', null],
  'nas-study-completed': ['COMPLETED', null],
  'nas-study-edited': ['COMPLETED', null],
  'nas-study-failed': ['FAILED', 'expected at least one trial with a value, got 1 without'],
  'nas-study-halted': ['FAILED', 'the study was halted; recover its search to go on'],
  'nas-study-recovered': ['COMPLETED', null],
  'nas-trial-cancelled': ['CANCELED', null],
  'nas-trial-completed': ['COMPLETED', null],
  'nas-trial-crashed': ['COMPLETED', null],
  'nas-trial-worker-lost': ['COMPLETED', null],
  'proof-completed': ['COMPLETED', null],
  'proof-rolled-back': ['FAILED', 'rolled_back'],
  'proof-started-at': ['COMPLETED', null],
  'provision-cancelled': ['CANCELED', null],
  'provision-completed': ['COMPLETED', null],
  'provision-offboarded': ['COMPLETED', null],
  'provision-rejected': ['FAILED', 'rolled_back'],
  'provision-rolled-back': ['FAILED', 'rolled_back'],
  'provision-stuck': ['FAILED', 'failed'],
  'provision-suspended': ['COMPLETED', null],
  'provision-undo-retried': ['FAILED', 'rolled_back'],
  'provision-update-rolled-back': ['FAILED', 'rolled_back'],
  'provision-updated': ['COMPLETED', null],
  'training-job-cancelled': ['CANCELED', null],
  'training-job-completed': ['COMPLETED', null],
  'training-job-paused-and-resumed': ['COMPLETED', null],
  'training-run-cancelled': ['CANCELED', null],
  'training-run-cancelled-after-step': ['FAILED', 'rolled_back'],
  'training-run-completed': ['COMPLETED', null],
  'training-run-halted': ['FAILED', 'halted'],
  'training-run-paused-and-resumed': ['COMPLETED', null],
  'training-run-recovered': ['COMPLETED', null],
  'training-run-rollback-of-halted': ['FAILED', 'rolled_back'],
  'training-run-rollback-of-terminated': ['FAILED', 'rolled_back'],
  'training-run-rolled-back': ['FAILED', 'rolled_back'],
};

interface Replayed {
  readonly file: string;
  readonly status: 'completed' | 'failed';
  readonly reason: string | null;
}

const folder = mkdtempSync(join(tmpdir(), 'cerebros-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the stored histories', () => {
  it('are those of every kind and ending', () => {
    expect(readdirSync(DIR).toSorted()).toEqual(
      Object.keys(ENDINGS)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
    const found = Object.keys(ENDINGS).map((name) => [name, closingOf(stored(name))]);
    expect(Object.fromEntries(found)).toEqual(ENDINGS);
  });

  it('replay against the code', async () => {
    const results = await replay(Object.keys(ENDINGS).map((name) => join(DIR, `${name}.json`)));
    expect(results.filter((one) => one.status !== 'completed')).toEqual([]);
    expect(results).toHaveLength(Object.keys(ENDINGS).length);
  });

  it.each([
    'blueprint-completed',
    'blueprint-dynamic-steps',
    'proof-completed',
    'training-run-completed',
    'training-run-rolled-back',
    'training-run-recovered',
    'training-job-completed',
    'nas-search-completed',
    'nas-run-completed',
    'nas-trial-worker-lost',
    'provision-completed',
    'provision-rolled-back',
    'provision-updated',
  ])('are refused without a call that the code makes: %s', async (name) => {
    expect(await replayOne(withoutEvent(stored(name), 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED'))).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/nondeterminism/i) as string,
    });
  });

  it.each(['nas-study-completed', 'nas-study-recovered', 'nas-study-edited'])(
    'are refused without a trial that the code starts: %s',
    async (name) => {
      expect(await replayOne(withoutEvent(stored(name), 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED'))).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(/nondeterminism/i) as string,
      });
    },
  );

  it.each(['blueprint-slept-three-days', 'blueprint-woken', 'blueprint-timeout-approves'])(
    'are refused without a timer that the code starts: %s',
    async (name) => {
      expect(await replayOne(withoutEvent(stored(name), 'EVENT_TYPE_TIMER_STARTED'))).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(/nondeterminism/i) as string,
      });
    },
  );

  it('are refused with a hole in them', async () => {
    const history = stored('training-run-completed');
    expect(await replayOne(withGap(history, 20))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('expected event 21, got event 22') as string,
    });
  });

  it('are refused under another id, because the ids of jobs are made from it', async () => {
    const other = withAttributes(stored('training-run-completed'), STARTED, (attributes) => ({ ...attributes, workflowId: 'other' }));
    expect(await replayOne(other)).toMatchObject({ status: 'failed', reason: expect.stringContaining('train') as string });
  });
});

describe('a start in thirty days', () => {
  it('goes on when its timer fires', async () => {
    const history = startedIn(THIRTY_DAYS_MS);
    expect(daysBetween(history, 'EVENT_TYPE_TIMER_STARTED', 'EVENT_TYPE_TIMER_FIRED')).toBeGreaterThanOrEqual(30);
    expect(await replayOne(history)).toMatchObject({ status: 'completed', reason: null });
  });

  it('would be refused if the code did not sleep until then', async () => {
    // The time of the start has passed before the run began: the code asks for no timer, and the history has one.
    expect(await replayOne(startedIn(-THIRTY_DAYS_MS))).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/timer/i) as string,
    });
  });
});

describe('a sleep of three days', () => {
  it('is one timer, after which the run went on', () => {
    const history = stored('blueprint-slept-three-days');
    expect(timersOf(history)).toEqual(['259200s']);
    expect(daysBetween(history, 'EVENT_TYPE_TIMER_STARTED', 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')).toBeGreaterThanOrEqual(3);
  });
});

const STARTED = 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED';

function stored(name: string): HistoryJson {
  return JSON.parse(readFileSync(join(DIR, `${name}.json`), 'utf8')) as HistoryJson;
}

async function replayOne(history: HistoryJson): Promise<Replayed | undefined> {
  const file = join(folder, 'doctored.json');
  writeFileSync(file, JSON.stringify(history));
  return (await replay([file]))[0];
}

async function replay(files: readonly string[]): Promise<readonly Replayed[]> {
  const { json, stderr } = await cli(['replay', ...files, '-o', 'json']);
  if (json === undefined) throw new Error(stderr);
  return json as readonly Replayed[];
}

function closingOf({ events }: HistoryJson): readonly [event: string, status: string | null] {
  const last = events.at(-1);
  if (!last) throw new Error('expected a history with events');
  const { failure } = last[attributesName(last.eventType)] as { readonly failure?: { readonly message: string } };
  return [last.eventType.replace('EVENT_TYPE_WORKFLOW_EXECUTION_', ''), failure?.message.split(':')[0] ?? null];
}

/** The history of a start a few seconds ahead, as if it had been one so much later: start, timer and all that came after it. */
function startedIn(ms: number): HistoryJson {
  const moved = withAttributes(stored('proof-started-at'), STARTED, (attributes) => {
    const { payloads } = attributes['input'] as { readonly payloads: readonly unknown[] };
    const start = valueIn(payloads[1]) as { readonly at: string };
    const at = new Date(Date.parse(start.at) + ms).toISOString();
    return { ...attributes, input: { payloads: [payloads[0], payloadOf(payloads[1], { ...start, at })] } };
  });
  if (ms < 0) return moved;
  const timed = withAttributes(moved, 'EVENT_TYPE_TIMER_STARTED', (attributes) => {
    const seconds = Number.parseFloat(String(attributes['startToFireTimeout']));
    return { ...attributes, startToFireTimeout: `${seconds + ms / 1000}s` };
  });
  return later(timed, 'EVENT_TYPE_TIMER_FIRED', ms);
}

/** How long the timers of a history were to be, those of the ledger left out. */
function timersOf({ events }: HistoryJson): unknown[] {
  const started = events.flatMap((event) => (event.eventType === 'EVENT_TYPE_TIMER_STARTED' ? [event] : []));
  const asked = started.filter(({ userMetadata }) => valueIn((userMetadata as { readonly summary: unknown }).summary) !== 'ledger');
  return asked.map(({ timerStartedEventAttributes }) => (timerStartedEventAttributes as Record<string, unknown>)['startToFireTimeout']);
}

function daysBetween({ events }: HistoryJson, from: string, to: string): number {
  const at = (type: string): number => Date.parse(events.find((event) => event.eventType === type)?.eventTime ?? '');
  return (at(to) - at(from)) / 86_400_000;
}
