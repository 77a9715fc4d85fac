import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerBatch } from '../../src/contracts/ledger.ts';

/**
 * Where a worker may die. `after_ack`: the server has the step's end and its workflow task is under way, the ledger does not know
 * yet. `after_flush`: the ledger knows, and the workflow task that flushed is lost.
 */
export const KILL_POINTS = ['before_effect', 'after_effect', 'after_ack', 'after_flush'] as const;
export type KillAt = (typeof KILL_POINTS)[number];

/** One place in one run at which its worker dies. */
export interface Kill {
  readonly step: string;
  readonly phase: 'do' | 'undo';
  readonly at: KillAt;
  readonly attempt: number;
}

export function formatKill({ step, phase, at, attempt }: Kill): string {
  return `${step}:${phase}:${at}:${attempt}`;
}

/** The order to die, and the record of having done so; both are files, so that they outlive the process. */
export class KillSwitch {
  readonly #armed: string;
  readonly #kills: string;

  constructor(dir: string) {
    this.#armed = join(dir, 'armed');
    this.#kills = join(dir, 'kills');
  }

  arm(kill: Kill): void {
    writeFileSync(this.#armed, formatKill(kill));
  }

  /** Kills this process if it was told to die here: SIGKILL, after the record is on disk. The order holds once. */
  here(kill: Kill): void {
    if (!existsSync(this.#armed) || readFileSync(this.#armed, 'utf8') !== formatKill(kill)) return;
    rmSync(this.#armed);
    const file = openSync(this.#kills, 'a');
    appendFileSync(file, `${formatKill(kill)}\n`);
    fsyncSync(file);
    closeSync(file);
    process.kill(process.pid, 'SIGKILL');
  }

  /** What has killed workers here, in order. */
  kills(): string[] {
    return existsSync(this.#kills) ? readFileSync(this.#kills, 'utf8').split('\n').filter(Boolean) : [];
  }
}

/** The steps whose end a flush tells the ledger for. */
export function endedIn(batch: LedgerBatch, at: 'after_ack' | 'after_flush'): Kill[] {
  return batch.steps.flatMap(({ step_name: step, status, compensated_at }): Kill[] => {
    if (compensated_at !== null) return [{ step, phase: 'undo', at, attempt: 1 }];
    return status === 'completed' || status === 'failed' ? [{ step, phase: 'do', at, attempt: 1 }] : [];
  });
}
