import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CLOSED_STATUSES } from '../../dist/contracts/ledger.js';
import { withLedger } from '../../dist/ledger/connection.js';
import { getRun } from '../../dist/ledger/queries/get-run.js';
import { judge } from './evidence.mjs';
import { clock, say } from './say.mjs';

const FOLLOW_MS = 60_000;
const POLL_MS = 50;

/** Kills are `killAfterMs` into the sleep, as the ledger tells it; `downMs` after them everything is started again. */
export const SCENARIOS = [
  {
    name: 'asleep',
    title: 'a sleep of 10 s, Temporal and both workers down for 3 s of it',
    sleepMs: 10_000,
    killAfterMs: 1000,
    downMs: 3000,
    victims: ['Temporal', 'worker', 'Python worker'],
  },
  {
    name: 'overslept',
    title: 'a sleep of 5 s that ends while everything is down, Postgres too',
    sleepMs: 5000,
    killAfterMs: 500,
    downMs: 6000,
    victims: ['Temporal', 'Postgres', 'worker', 'Python worker'],
  },
];

/** Takes one run through a scenario. Answers its figures; throws what is wrong with the run. */
export async function resurrect(world, scenario, id) {
  const { name, title, sleepMs, killAfterMs, downMs, victims } = scenario;
  const inputs = { effects: join(world.place.dataDir, `${id}.effects`), token: randomUUID(), sleep_ms: sleepMs };
  say('scenario', title);
  await world.startRun(id, inputs);
  const asleep = await follow(world, id, (run) => run.steps.some(({ status }) => status === 'sleeping'));
  const wakesAt = Date.parse(asleep.steps.find(({ status }) => status === 'sleeping').wakes_at);
  await pause(killAfterMs);
  if (Date.now() > wakesAt) throw new Error(`${id}: the sleep was over before anything was killed; this machine is too slow for it`);
  await world.kill(victims);
  say('down', `for ${downMs / 1000} s; the sleep has ${inSeconds(wakesAt - Date.now())} to go`);
  await pause(downMs);
  const left = wakesAt - Date.now();
  say('starting', left > 0 ? `with ${inSeconds(left)} of the sleep to go` : `${inSeconds(-left)} after the end of the sleep`);
  await world.start(victims);
  const upAt = Date.now();
  const run = await follow(world, id, ({ status }) => CLOSED_STATUSES.includes(status));
  const lateMs = await judge(world.place, { run, inputs, wakesAt, upAt });
  return { name, kills: victims.length, lateMs };
}

/** Says each status of the run and its steps once, until what is awaited is there. Answers the run then. */
async function follow({ place }, id, isThere) {
  const said = new Set();
  return withLedger(place.databaseUrl, async (sql) => {
    for (const deadline = Date.now() + FOLLOW_MS; Date.now() < deadline; await pause(POLL_MS)) {
      const run = await getRun(sql, id);
      if (run === undefined) continue;
      for (const [state, text] of linesOf(run)) if (!said.has(`${state} ${text}`)) say(state, text);
      for (const [state, text] of linesOf(run)) said.add(`${state} ${text}`);
      if (isThere(run)) return run;
    }
    throw new Error(`${id}: waited ${FOLLOW_MS} ms for what did not come; the last that it said is above`);
  });
}

function linesOf(run) {
  const steps = run.steps.filter(({ status }) => status !== 'pending');
  const lines = steps.map(({ step_name, status, wakes_at }) => [
    status,
    `step ${step_name}${status === 'sleeping' ? `, wakes_at ${clock(Date.parse(wakes_at))}` : ''}`,
  ]);
  return run.status === 'running' ? [[run.status, `run ${run.id}`], ...lines] : [...lines, [run.status, `run ${run.id}`]];
}

function inSeconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
