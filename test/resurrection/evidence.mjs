import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { verifyRun } from '../../dist/client/verify.js';
import { fetchHistory } from '../../dist/client/histories.js';
import { connect } from '../../dist/client/connect.js';
import { decodeAt, summaryOf, toNumber } from '../../dist/client/history/decode.js';
import { resolveConnections } from '../../dist/config.js';
import { getRun } from '../../dist/ledger/queries/get-run.js';
import { clock, say } from './say.mjs';

/** How much later than it was due a step may go on, in ms; it is due when it wakes, or when all is up again, whichever is later. */
export const LATE_MS_MAX = 3000;

const STEPS = ['gather', 'rest', 'report'];

/**
 * Asks the steps' own file, Temporal's history and the ledger whether the run has done everything once, and in time. Answers by how
 * many ms it went on late; throws what is wrong.
 */
export async function judge(place, { run, inputs, wakesAt, upAt }) {
  same([run.status, run.error], ['completed', null], 'the end of the run');
  const sum = { kept: inputs.token, sum: 6 };
  const expected = { gather: { token: inputs.token }, rest: { kept: inputs.token, rows: [1, 2, 3] }, report: sum };
  same(run.result, expected, 'the data that the steps carried over the sleep');
  same(
    run.steps.map(({ step_name, status, attempts }) => [step_name, status, attempts]),
    STEPS.map((name) => [name, 'completed', 1]),
    'the steps of the ledger, with their attempts',
  );
  const lateMs = judgeFile(readEffects(inputs.effects), { inputs, wakesAt, upAt });
  await judgeHistory(place, run.id);
  return lateMs;
}

function readEffects(file) {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function judgeFile(effects, { inputs, wakesAt, upAt }) {
  const order = effects.map(({ step, what }) => `${step} ${what}`);
  const once = ['gather called', 'gather done', 'rest called', 'rest called', 'rest woke', 'rest done', 'report called', 'report done'];
  same(order, once, 'what the steps wrote into their file');
  const asleep = effects.find(({ step }) => step === 'rest').at_ms;
  const woke = effects.find(({ what }) => what === 'woke').at_ms;
  if (woke < wakesAt || woke - asleep < inputs.sleep_ms)
    throw new Error(`early: woke at ${clock(woke)}, expected ${inputs.sleep_ms} ms after ${clock(asleep)}, not before ${clock(wakesAt)}`);
  const due = Math.max(wakesAt, upAt);
  const lateMs = Math.max(0, Math.round(woke - due));
  say(
    'woke',
    `at ${clock(woke)}, ${Math.round(woke - wakesAt)} ms after wakes_at, ${Math.round(woke - upAt)} ms after all was up: ${lateMs} ms late`,
  );
  if (lateMs > LATE_MS_MAX) throw new Error(`late: went on ${lateMs} ms after ${clock(due)}, expected at most ${LATE_MS_MAX}`);
  return lateMs;
}

async function judgeHistory({ address, databaseUrl, dataDir }, id) {
  const cerebros = connect({ connections: resolveConnections({ address, database_url: databaseUrl, data_dir: dataDir }, {}) });
  try {
    const [client, sql] = [await cerebros.temporal(), await cerebros.ledger()];
    const events = await fetchHistory(client, id);
    same(completions(events), ['gather SUCCESS', 'rest SLEEP', 'rest SUCCESS', 'report SUCCESS'], 'what the steps answered, in history');
    same(sleeps(events), { started: 1, fired: 1 }, 'the timers of the sleep, in history');
    const verdict = await verifyRun(
      { fetchHistory: (one, runId) => fetchHistory(client, one, runId), readRun: (one) => getRun(sql, one) },
      id,
    );
    same(verdict, { id, status: 'ok', differences: [] }, 'ledger and history');
    say('verified', `file, history (${events.length} events) and ledger agree: each step completed once, the data carried`);
  } finally {
    await cerebros.close();
  }
}

/** What the steps answered, in order. */
function completions(events) {
  const scheduled = new Map(events.map((event) => [toNumber(event.eventId), event.activityTaskScheduledEventAttributes?.activityId]));
  return events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const name = /^\d+:(\w+):do:/.exec(scheduled.get(toNumber(completed?.scheduledEventId)) ?? '')?.[1];
    return STEPS.includes(name) ? [`${name} ${decodeAt(completed.result).status}`] : [];
  });
}

function sleeps(events) {
  const ids = events
    .filter((event) => /:rest:do:\d+ sleep$/.test(summaryOf(event) ?? ''))
    .map((event) => event.timerStartedEventAttributes?.timerId);
  return { started: ids.length, fired: events.filter((event) => ids.includes(event.timerFiredEventAttributes?.timerId)).length };
}

function same(actual, expected, what) {
  if (!isDeepStrictEqual(actual, expected)) throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
