import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/cloud/clock.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ReceivedRequest } from '../../src/cloud/emulator/options.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { CELL_FAULTS, isTarget, scriptOf, type Cell, type CellPhase, type Means } from './fault-cells.ts';

/** What dies while requests are held. */
export type Strike = Exclude<Means, 'answer'>;

/** What an aim works on: known only once the emulator, which calls it, is there. */
export interface AimWorld {
  readonly cloud: Emulator;
  readonly sql: Sql;
  /** Ends when the worker is dead, or Postgres. */
  strike(how: Strike): Promise<void>;
  /** Makes good what a strike did. */
  mend(how: Strike): Promise<void>;
}

/** A request that is held until the strike: before it is looked at, or its answer. */
interface Held {
  readonly cell: Cell;
  readonly at: number;
}

/** How long a request is held, in ms: until the others are too, and for less than its sender waits; a POST for three quarters of a gap of 1 s. */
const HELD_MS: Readonly<Record<CellPhase, { readonly gather: number; readonly max: number }>> = {
  create: { gather: 300, max: 650 },
  delete: { gather: 15_000, max: 25_000 },
};

/** Aims each fault at the one request of its cell: by the ledger, which knows whose names and ids are in it. */
export class FaultAim {
  #world: AimWorld | undefined;
  readonly #cells = new Map<string, Cell>();
  readonly #hit = new Set<Cell>();
  /** Where the script of a cell is among those of the emulator. */
  readonly #scripts = new Map<Cell, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #held: Held[] = [];
  #struck = new Gate();
  #striking = false;
  #failure: unknown;

  /** Look-ups that are to wait for each other, so that the POSTs behind them come together. */
  #apart = 0;
  #together = new Gate();

  /** From now on requests are those of these cells. */
  aimAt(world: AimWorld, cells: readonly Cell[]): void {
    this.#world = world;
    this.#apart = cells.filter(({ phase, fault }) => phase === 'create' && CELL_FAULTS[fault] !== 'answer').length;
    this.#together = new Gate();
    this.#cells.clear();
    for (const cell of cells) this.#cells.set(cell.stack, cell);
  }

  /** Whether the fault of the cell happened: the emulator did it, and its request was on its way when the server died. */
  fired(cell: Cell): boolean {
    const script = this.#scripts.get(cell);
    return this.#hit.has(cell) && (script === undefined || (this.#world?.cloud.faults().scripts[script]?.fired ?? 0) > 0);
  }

  /** What a strike threw. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The emulator's clock, by which it sends no slow answer before a strike. */
  readonly clock: Clock = { now: () => Date.now(), sleep: async () => await this.#struck.opened };

  /** One request after the other, each looked at by the emulator before the next is: a fault is taken by whom it is meant for. */
  readonly before = async (request: ReceivedRequest): Promise<void> => {
    const world = this.#world;
    if (!world) return;
    if (request.method === 'GET') return await this.#gather();
    const armed = this.#turn.then(() => this.#arm(world, request));
    this.#turn = armed.then(() => new Promise((resolve) => void setImmediate(resolve)));
    if (await armed) await this.#struck.opened;
  };

  async #gather(): Promise<void> {
    if (this.#apart > 0 && --this.#apart === 0) this.#together.open();
    else if (this.#apart > 0) await this.#together.opened;
  }

  /** Whether the request is to be held. */
  async #arm(world: AimWorld, request: ReceivedRequest): Promise<boolean> {
    const cell = this.#cells.get((await stackOf(world.sql, request)) ?? '');
    if (!cell || this.#hit.has(cell) || !isTarget(cell, request)) return false;
    const script = scriptOf(cell);
    if (script) {
      const method = request.method === 'DELETE' ? 'DELETE' : 'POST';
      world.cloud.addFaults([{ match: { method, path: `^${request.path}$` }, ...script }]);
      this.#scripts.set(cell, world.cloud.faults().scripts.length - 1);
    }
    const how = CELL_FAULTS[cell.fault];
    if (how === 'answer') this.#hit.add(cell);
    else this.#hold(world, how, cell);
    return how !== 'answer' && script === null;
  }

  #hold(world: AimWorld, how: Strike, cell: Cell): void {
    this.#held.push({ cell, at: Date.now() });
    if (this.#striking) return;
    this.#striking = true;
    this.#strikeAll(world, how, cell.phase)
      .catch((error: unknown) => void (this.#failure = error))
      .finally(() => (this.#striking = false));
  }

  /** Once, if all come together. */
  async #strikeAll(world: AimWorld, how: Strike, phase: CellPhase): Promise<void> {
    while (this.#held.length > 0) await this.#strike(world, how, phase);
  }

  async #strike(world: AimWorld, how: Strike, phase: CellPhase): Promise<void> {
    const { gather, max } = HELD_MS[phase];
    const until = Date.now() + gather;
    const open = (): number => [...this.#cells.values()].filter((cell) => !this.#hit.has(cell)).length;
    while (this.#held.length < open() && Date.now() < until) await pause(10);
    await world.strike(how);
    for (const { cell, at } of this.#held) if (Date.now() - at < max) this.#hit.add(cell);
    this.#held = [];
    const struck = this.#struck;
    this.#struck = new Gate();
    // What a dead worker has sent is looked at by nobody.
    if (how === 'outage') struck.open();
    await world.mend(how);
  }
}

/** Closed until it is opened. */
class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** The stack whose resource a request names, in its path or its body; undefined when the ledger has none, or is away. */
async function stackOf(sql: Sql, { path, body }: ReceivedRequest): Promise<string | undefined> {
  const { name, droplet_id } = (body === '' ? {} : JSON.parse(body)) as { readonly name?: string; readonly droplet_id?: number };
  const named = [path.split('/')[3], name, droplet_id].filter((part) => part !== undefined).join(',');
  const rows = await sql<{ urn: string }[]>`
    select urn from cloud_resources
    where name = any (string_to_array(${named}::text, ',')) or provider_id = any (string_to_array(${named}::text, ','))`.catch(() => []);
  return rows[0]?.urn.split(':')[2];
}
