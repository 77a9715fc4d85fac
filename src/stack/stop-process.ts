import { setTimeout as sleep } from 'node:timers/promises';

/** One way to ask a server to end, and how long to wait for it. */
export interface StopStep {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGQUIT';
  readonly waitMs: number;
}

/** Asks a process to end, step by step and at last with SIGKILL; returns when `ended` says that it has. */
export async function stopProcess(pid: number, steps: readonly StopStep[], ended: Promise<unknown>): Promise<void> {
  for (const step of steps) {
    send(pid, step.signal);
    if (await within(step.waitMs, ended)) return;
  }
  send(pid, 'SIGKILL');
  await ended;
}

async function within(waitMs: number, ended: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(waitMs, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([ended.then(() => true), late]);
  timer.abort();
  return inTime;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended; `ended` says so.
  }
}
