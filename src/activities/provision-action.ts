import { CloudError } from '../cloud/cloud-error.ts';
import { getAction, type Action } from '../cloud/digitalocean/actions.ts';
import { getDroplet } from '../cloud/digitalocean/droplets.ts';
import type { Droplet } from '../cloud/digitalocean/droplets.ts';
import { pollMs, type ModuleWorld } from './provision-module.ts';

/** Looks at an action that is not done. */
const LOOKS_MAX = 120;

/**
 * Asks for an action and waits for its end. Throws what may be retried when its outcome is unknown, because whoever asks again looks at
 * the resource first; `ACTION_FAILED` and `ACTION_NOT_DONE`, which may be too.
 */
export async function actUntilDone(world: ModuleWorld, ask: () => Promise<Action>, signal: AbortSignal): Promise<void> {
  const { id, type } = await asked(ask);
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const status = (await getAction(world.api, id, signal))?.status;
    if (status === 'completed') return;
    if (status === 'errored') throw failure('ACTION_FAILED', `action ${type} (${id}) ended as errored`);
    await world.clock.sleep(pollMs(world), signal);
  }
  throw failure('ACTION_NOT_DONE', `action ${type} (${id}) has not ended after ${LOOKS_MAX} looks`);
}

/** Refuses, for now, while an action on the droplet has not ended: what is seen of it is about to change. */
export function refuseLocked({ id, locked }: Pick<Droplet, 'id' | 'locked'>): void {
  if (locked) throw failure('LOCKED', `droplet ${id} has an action that has not ended: expected none; try again`);
}

/** A snapshot of a large disk takes its time. */
const LOCKED_MS_MAX = 25 * 60_000;

/** Waits until no action on the droplet is under way, when there is one of that id. Throws `LOCKED`, which may be tried again. */
export async function waitUnlocked(world: ModuleWorld, droplet_id: number, signal: AbortSignal): Promise<void> {
  const until = world.clock.now() + LOCKED_MS_MAX;
  for (;;) {
    const droplet = await getDroplet(world.api, droplet_id, signal);
    if (!droplet?.locked) return;
    if (world.clock.now() > until) return refuseLocked(droplet);
    await world.clock.sleep(pollMs(world), signal);
  }
}

async function asked(ask: () => Promise<Action>): Promise<Action> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CloudError) || error.outcome === 'refused') throw error;
    throw new CloudError(error.code, error.message, { outcome: 'unknown', retryable: true, cause: error });
  }
}

function failure(code: string, message: string): CloudError {
  return new CloudError(code, message, { outcome: 'refused', retryable: true });
}
