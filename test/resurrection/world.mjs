import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../../dist/stack/process-table.js';
import { choosePlace, runSteps, startPart } from './parts.mjs';
import { say } from './say.mjs';

const GONE_MS = 5000;
const POLL_MS = 20;

/** The parts, in the order of their start: a worker that finds no servers ends. */
const STAGES = [
  ['Temporal', 'Postgres'],
  ['worker', 'Python worker'],
];

/** Temporal, Postgres, our worker and a worker of steps in Python, on ports and data of their own; all of them answer. */
export async function startWorld(python) {
  const place = await choosePlace(python);
  const world = new World(place);
  try {
    await world.start(STAGES.flat());
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

class World {
  /** How many parts have been killed. */
  kills = 0;
  #place;
  /** By name. */
  #running = new Map();

  constructor(place) {
    this.#place = place;
  }

  /** Where everything is: `dataDir`, and `address` and `databaseUrl` of the servers. */
  get place() {
    return this.#place;
  }

  /** Starts parts on the files and ports that they had, and waits until they answer. */
  async start(names) {
    for (const stage of STAGES) {
      const starting = stage
        .filter((name) => names.includes(name))
        .map(async (name) => this.#running.set(name, await startPart(this.#place, name)));
      // All, so that none starts behind the back of a `stop`.
      const failed = (await Promise.allSettled(starting)).find(({ status }) => status === 'rejected');
      if (failed) throw failed.reason;
    }
    say('up', names.map((name) => `${name} (pid ${this.#running.get(name).pid})`).join(', '));
  }

  /** SIGKILL to parts, all at once; their processes are gone then. */
  async kill(names) {
    const parts = names.map((name) => ({ name, ...this.#running.get(name) }));
    const victims = parts.map((part) => ({ ...part, pids: [part.pid, ...childrenOf(part.pid)] }));
    for (const pid of victims.flatMap(({ pids }) => pids)) sendKill(pid);
    for (const victim of victims) {
      await untilGone(victim);
      this.#running.delete(victim.name);
      this.kills += 1;
      say('killed', `${victim.name} (pid ${victim.pids.join(' ')}), gone; kill ${this.kills}`);
    }
  }

  /** Starts a run from Python. */
  startRun(id, inputs) {
    return runSteps(this.#place, ['start', id, JSON.stringify(inputs)]);
  }

  async stop() {
    for (const stage of STAGES.toReversed()) await Promise.all(stage.map((name) => this.#running.get(name)?.stop()));
  }

  /** Removes all files. */
  remove() {
    rmSync(this.#place.dataDir, { recursive: true, force: true });
  }
}

async function untilGone({ name, pids, ended }) {
  const deadline = Date.now() + GONE_MS;
  while (pids.some(isAlive) && Date.now() < deadline) await pause(POLL_MS);
  const left = pids.filter(isAlive);
  if (left.length > 0) throw new Error(`${name}: expected its processes to be gone ${GONE_MS} ms after SIGKILL, found ${left.join(', ')}`);
  await ended;
}

/** One that has ended meanwhile does not mind. */
function sendKill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Those of Postgres; elsewhere than on Linux they end by themselves once it is gone. */
function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
