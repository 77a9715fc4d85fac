import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitClosed } from '../../src/client/wait.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { ResourceRef } from '../../src/contracts/provision.ts';
import { listCloudResources } from '../../src/ledger/queries/list-cloud-resources.ts';
import { FaultAim, type Strike } from '../support/fault-aim.ts';
import { baseOf, CELL_FAULTS, CELL_PHASES, CELL_TYPES, cellsOf, inputOf, type BaseIds, type Cell } from '../support/fault-cells.ts';
import { tableOf, type PlayedCell } from '../support/fault-table.ts';
import { booksOf, countMade, miscounted, orphansOf, verdictOf, type Books } from '../support/fault-verdict.ts';
import { startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';

/** Every run has to close within this, faults and all, in ms. */
const CONVERGES_MS = 120_000;
const OUTAGE_MS = 1500;
const LIMITS = { requests_per_minute: 100_000, requests_per_hour: 100_000, droplets: 1000, reserved_ips: 1000 };

const aim = new FaultAim();
const played: PlayedCell[] = [];
let world: ProvisionWorld;
let orphans = 0;
let fired = 0;
let strikes = 0;

beforeAll(async () => {
  world = await startProvisionWorld('dop_v1_of_the_grid_only', { limits: LIMITS, before: aim.before, clock: aim.clock });
});

afterAll(async () => {
  console.log(`${tableOf(played)}\n${played.length} cells, ${fired} faults fired, ${orphans} orphans, ${strikes} kills and outages`);
  await world.stop();
});

describe('what a saga makes and takes back', () => {
  it.each([
    ['answers that are refusals, none, or lies', 'answer', CELL_PHASES],
    ['the end of its worker in a POST', 'kill', ['create']],
    ['the end of its worker in a DELETE', 'kill', ['delete']],
    ['the end of the ledger in a POST', 'outage', ['create']],
    ['the end of the ledger in a DELETE', 'outage', ['delete']],
  ] as const)('is there once or not at all, as the ledger has it, through %s', async (_, how, phases) => {
    world.cloud.clearFaults();
    const cells = cellsOf(how, phases);
    const before = countMade(world.cloud);
    const runs = await playAll(cells);
    const books = await readBooks();
    for (const { cell, run, took_ms } of runs) {
      const verdict = verdictOf(cell, run, books);
      played.push({ cell, verdict: aim.fired(cell) ? verdict : `void, its fault did not happen: ${verdict}`, took_ms });
    }
    fired += cells.filter((cell) => aim.fired(cell)).length;
    orphans += orphansOf(books).length;
    expect(aim.failure).toBeUndefined();
    expect(orphansOf(books)).toEqual([]);
    expect(miscounted(cells, world.cloud, before)).toEqual([]);
    const wrong = played.filter(({ cell, verdict }) => cells.includes(cell) && verdict !== 'ok');
    expect(wrong.map(({ cell, verdict }) => `${cell.stack}: ${verdict}`)).toEqual([]);
  });

  it('was under every fault', () => {
    expect(played).toHaveLength(CELL_TYPES.length * CELL_PHASES.length * Object.keys(CELL_FAULTS).length);
    expect(fired).toBe(played.length);
  });
});

interface Played {
  readonly cell: Cell;
  readonly run: SagaRun | Error;
  readonly took_ms: number;
}

async function playAll(cells: readonly Cell[]): Promise<Played[]> {
  const filling = setInterval(() => void world.fillBudget().catch(() => undefined), 500);
  try {
    const ids = await Promise.all(cells.map(makeBase));
    aim.aimAt({ cloud: world.cloud, sql: await world.cerebros.ledger(), strike, mend }, cells);
    await Promise.all(cells.map((cell, idx) => world.start(cell.stack, inputOf(cell, ids[idx] ?? {}))));
    return await Promise.all(cells.map(close));
  } finally {
    clearInterval(filling);
  }
}

async function makeBase(cell: Cell): Promise<BaseIds> {
  const input = baseOf(cell);
  if (!input) return {};
  const run = await world.run(`${cell.stack}-base`, input);
  expect(run.status).toBe('completed');
  const refs = Object.values(run.context) as unknown as ResourceRef[];
  return Object.fromEntries(refs.map(({ urn, provider_id }) => [urn.split(':')[3], provider_id]));
}

async function close(cell: Cell): Promise<Played> {
  const began = Date.now();
  const run = await waitClosed(world.cerebros, cell.stack, { timeout_ms: CONVERGES_MS }).catch((error: unknown) => error as Error);
  return { cell, run, took_ms: Date.now() - began };
}

async function readBooks(): Promise<Books> {
  return booksOf(world.cloud, world.truth(), await listCloudResources(await world.cerebros.ledger(), { limit: 10_000 }));
}

async function strike(how: Strike): Promise<void> {
  strikes += 1;
  await (how === 'kill' ? world.worker.kill() : world.servers.killPostgres());
}

async function mend(how: Strike): Promise<void> {
  if (how === 'kill') return;
  await pause(OUTAGE_MS);
  await world.servers.startPostgres();
}
