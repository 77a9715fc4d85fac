import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duplicates, expectLaws, gather, untilClosed, type Evidence } from '../support/evidence.ts';
import { activityEnds, lostTasks } from '../support/history-facts.ts';
import { formatKill, KILL_POINTS, KillSwitch, type Kill } from '../support/kill-points.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { SIX, sixSteps, startSix } from '../support/six-steps.ts';
import { until } from '../support/until.ts';
import { buildWorkerProgram, SupervisedWorker, type WorkerProgram } from '../support/worker-process.ts';

/** Every run has to end within this, once its worker is back, in ms. */
const CONVERGES_MS = 60_000;
const LANES = 4;

const KILLS: readonly Kill[] = (['do', 'undo'] as const).flatMap((phase) =>
  KILL_POINTS.flatMap((at) => SIX.map((step): Kill => ({ step, phase, at, attempt: 1 }))),
);

/** A worker process with a queue of its own, for one run at a time: what is killed is that run's and no other's. */
interface Lane {
  readonly taskQueue: string;
  readonly worker: SupervisedWorker;
  readonly kill: KillSwitch;
}

interface Killed {
  readonly evidence: Evidence;
  /** What killed the worker during the run, by its own record. */
  readonly kills: readonly string[];
  /** How often the supervisor saw it die. */
  readonly deaths: number;
  readonly took_ms: number;
}

describe('a worker that is killed', () => {
  let rig: Rig;
  let program: WorkerProgram;
  const lanes: Lane[] = [];
  let forgetful: Lane;
  const played = new Map<string, Promise<Killed>>();
  const took = new Map<string, number[]>();

  beforeAll(async () => {
    [rig, program] = await Promise.all([startRig({ worker: false }), buildWorkerProgram()]);
    for (let n = 0; n < LANES; n += 1) lanes.push(startLane(rig, program, n));
    const free = new Lanes(lanes);
    const play = (name: string, kills: readonly Kill[]): void => {
      const killed = free.use((lane) => playKill(rig, lane, kills));
      killed.catch(() => undefined);
      played.set(name, killed);
    };
    for (const kill of KILLS) play(formatKill(kill), [kill]);
    play('ten', TEN);
    forgetful = startLane(rig, program, 'forgetful');
  });

  afterAll(async () => {
    process.stderr.write(
      figures(
        took,
        lanes.reduce((sum, { worker }) => sum + worker.killed, 0),
      ),
    );
    await Promise.all([...lanes, forgetful].map(({ worker }) => worker.stop()));
    program.remove();
    await rig.stop();
  });

  it.each(KILLS)('at $step, $phase, $at: the run ends as if nothing had happened, and no effect is made twice', async (kill) => {
    const { evidence, kills, deaths, took_ms } = await expectPlayed(played.get(formatKill(kill)));
    took.set(`${kill.phase} ${kill.at}`, [...(took.get(`${kill.phase} ${kill.at}`) ?? []), took_ms]);
    expect(kills, 'the kill happened').toEqual([formatKill(kill)]);
    expect(deaths).toBe(1);
    expectLaws(evidence);
    expect(evidence.rows.status).toBe(kill.phase === 'do' ? 'completed' : 'rolled_back');
    expect(evidence.effects.map(({ step, phase }) => `${step}:${phase}`).toSorted()).toEqual(expectedEffects(kill.phase));
    expect(retriesOf(evidence, kill), 'the server noticed').toBeGreaterThan(0);
  });

  it('ten times in one run, forward and back: the run still ends, and no effect is made twice', async () => {
    const { evidence, kills, deaths } = await expectPlayed(played.get('ten'));
    expect(kills).toEqual(TEN.map(formatKill));
    expect(deaths).toBe(TEN.length);
    expectLaws(evidence);
    expect(evidence.effects.map(({ step, phase }) => `${step}:${phase}`).toSorted()).toEqual(expectedEffects('undo'));
  });

  it('and whose activities do not look at their key makes the effect twice: the tests above would see it', async () => {
    const kill: Kill = { step: 'd', phase: 'do', at: 'after_effect', attempt: 1 };
    const { evidence, kills } = await playKill(rig, forgetful, [kill]);
    expect(kills).toEqual([formatKill(kill)]);
    expect(duplicates(evidence.effects)).toEqual(['d:do:0']);
  });
});

const TEN: readonly Kill[] = [
  { step: 'a', phase: 'do', at: 'before_effect', attempt: 1 },
  { step: 'a', phase: 'do', at: 'after_effect', attempt: 2 },
  { step: 'c', phase: 'do', at: 'after_effect', attempt: 1 },
  { step: 'd', phase: 'do', at: 'after_ack', attempt: 1 },
  { step: 'e', phase: 'do', at: 'after_flush', attempt: 1 },
  { step: 'f', phase: 'undo', at: 'before_effect', attempt: 1 },
  { step: 'f', phase: 'undo', at: 'after_effect', attempt: 2 },
  { step: 'e', phase: 'undo', at: 'after_ack', attempt: 1 },
  { step: 'd', phase: 'undo', at: 'after_flush', attempt: 1 },
  { step: 'a', phase: 'undo', at: 'after_effect', attempt: 1 },
];

function startLane(rig: Rig, program: WorkerProgram, n: number | 'forgetful'): Lane {
  const dir = join(dirname(rig.effects.path), `lane-${n}`);
  const taskQueue = `${rig.taskQueue}-${n}`;
  const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const settings = {
    address,
    databaseUrl: rig.databaseUrl,
    taskQueue,
    effects: rig.effects.path,
    gate: rig.gate,
    dir,
    forgetful: n === 'forgetful',
  };
  return { taskQueue, worker: new SupervisedWorker(program, settings), kill: new KillSwitch(dir) };
}

/** Lends lanes: each takes one run at a time. */
class Lanes {
  readonly #idle: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(lanes: readonly Lane[]) {
    this.#idle = [...lanes];
  }

  async use<T>(play: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = this.#idle.pop() ?? (await new Promise<Lane>((resolve) => this.#waiting.push(resolve)));
    try {
      return await play(lane);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(lane);
      else this.#idle.push(lane);
    }
  }
}

async function playKill(rig: Rig, { taskQueue, worker, kill }: Lane, kills: readonly Kill[]): Promise<Killed> {
  const [first, ...rest] = kills;
  if (!first) throw new Error('expected a kill');
  const before = { kills: kill.kills().length, deaths: worker.killed, at: Date.now() };
  const undoing = kills.some(({ phase }) => phase === 'undo');
  kill.arm(first);
  const id = await startSix({ client: rig.client, taskQueue }, sixSteps(undoing ? { f: { script: { do: 'fail' } } } : {}));
  for (const [at, next] of rest.entries()) {
    await until(() => kill.kills().length === before.kills + at + 1, CONVERGES_MS, `the kill before ${formatKill(next)}`);
    kill.arm(next);
  }
  await untilClosed(rig.client, id, CONVERGES_MS);
  expect(worker.crashed, worker.log().slice(-500)).toBeUndefined();
  const evidence = await gather(rig, id);
  return { evidence, kills: kill.kills().slice(before.kills), deaths: worker.killed - before.deaths, took_ms: Date.now() - before.at };
}

function expectedEffects(phase: 'do' | 'undo'): string[] {
  return SIX.flatMap((step) => (phase === 'do' ? [`${step}:do`] : [`${step}:do`, `${step}:undo`]));
}

/** How often the server noticed: it gave the activity, or the workflow task, to the worker that came after. */
function retriesOf({ events }: Evidence, { step, phase, at }: Kill): number {
  if (at === 'after_ack' || at === 'after_flush') return lostTasks(events);
  const idx = SIX.findIndex((name) => name === step);
  return (activityEnds(events).find(({ call }) => call === `${idx}:${step}:${phase}:1`)?.attempt ?? 0) - 1;
}

/** How long the runs took that were killed once, by where. */
function figures(took: ReadonlyMap<string, readonly number[]>, kills: number): string {
  const lines = [...took].map(([where, ms]) => `  ${where.padEnd(20)} ${ms.toSorted((a, b) => a - b).join(' ')}`);
  return `workers killed ${kills} times; a run with one kill took, in ms:\n${lines.join('\n')}\n`;
}

function expectPlayed(killed: Promise<Killed> | undefined): Promise<Killed> {
  if (!killed) throw new Error('the run was not played');
  return killed;
}
