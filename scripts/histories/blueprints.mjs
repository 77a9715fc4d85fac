// The recorded runs of blueprints: their steps, and what is done to bring them to their ends.
import { adds, added, asks, fails, sleeps, step } from './step-worker.mjs';

const HOUR_MS = 3_600_000;

const nap = (ms) => [step('fetch'), step('rest', [sleeps(ms)], ['fetch']), step('tell', [], ['rest'])];
const question = (says, ...then) => [step('fetch'), step('publish', [asks(says), ...then], ['fetch'])];
const asleep = (run) => run.reaches('rest', 'sleeping');
const asked = (run) => run.reaches('publish', 'waiting');
const haltAsleep = async (run) => {
  await asleep(run);
  await run.command('halt');
  await run.closed();
};

/** `play` is what is done between a run's start and its end. */
const RUNS = {
  'blueprint-completed': {
    steps: [step('fetch', [sleeps(500)]), step('publish', [asks()], ['fetch'])],
    play: async (run) => {
      await asked(run);
      await run.command('approve', 'publish', '--as', 'ada');
    },
  },
  'blueprint-rolled-back': { steps: [step('fetch'), step('load', [sleeps(500), fails('NO_ROOM')], ['fetch'])] },
  'blueprint-dynamic-steps': { steps: [step('plan', [adds(added('part-1', ['plan']), added('part-2', ['part-1']))])] },
  'blueprint-woken': {
    steps: nap(HOUR_MS),
    play: async (run) => {
      await asleep(run);
      await run.command('wake', 'rest');
    },
  },
  'blueprint-paused-asleep': {
    steps: nap(HOUR_MS),
    play: async (run) => {
      await asleep(run);
      await run.command('pause');
      await run.command('wake', 'rest');
      await run.reaches('rest', 'running');
      await run.command('resume');
    },
  },
  'blueprint-cancelled-asleep': {
    steps: nap(HOUR_MS),
    play: async (run) => {
      await asleep(run);
      await run.command('cancel');
    },
  },
  'blueprint-halted-asleep': { steps: nap(HOUR_MS), play: haltAsleep },
  'blueprint-recovered': {
    steps: nap(8000),
    play: async (run) => {
      await haltAsleep(run);
      await run.command('recover', '--from-step', 'rest');
    },
  },
  'blueprint-rollback-of-halted': {
    steps: nap(HOUR_MS),
    play: async (run) => {
      await haltAsleep(run);
      await run.command('rollback');
    },
  },
  'blueprint-rejected': {
    steps: question({}, fails('REJECTED')),
    play: async (run) => {
      await asked(run);
      await run.command('reject', 'publish', '--as', 'ada', '--comment', 'too few rows');
    },
  },
  'blueprint-cancelled-waiting': {
    steps: question(),
    play: async (run) => {
      await asked(run);
      await run.command('cancel');
    },
  },
  'blueprint-timeout-approves': { steps: question({ timeout_ms: 500, on_timeout: 'approve' }) },
  'blueprint-timeout-rejects': { steps: question({ timeout_ms: 500, on_timeout: 'reject' }, fails('REJECTED')) },
  'blueprint-timeout-fails': { steps: question({ timeout_ms: 500, on_timeout: 'fail' }) },
};

/** Recipes by name, of the recorder's commands and looks at a run. */
export function blueprintRecipes({ cerebros, closed, reaches }) {
  return Object.fromEntries(Object.entries(RUNS).map(([name, { steps, play }]) => [name, (id) => bringToEnd(id, steps, play)]));

  async function bringToEnd(id, steps, play) {
    const input = { blueprint: { name: 'recorded', version: '1', steps }, inputs: null };
    await cerebros(['start', 'blueprint', '--input', '-', '--id', id, '--as', 'eve'], input);
    await play?.({
      command: (verb, ...args) => cerebros([verb, id, ...args]),
      closed: () => closed(id),
      reaches: (step_name, status) => reaches(id, step_name, status),
    });
    await closed(id);
  }
}
