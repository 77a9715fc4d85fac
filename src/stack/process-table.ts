import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The command line of a process, its arguments joined by blanks; `''` when there is no such process or it is only waiting to be
 * reaped. Pids are used again, so a recorded pid says something only together with this.
 */
export function commandOf(pid: number): string {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    } catch {
      return '';
    }
  }
  const listed = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', timeout: 2000 });
  return listed.stdout?.trim() ?? '';
}

/** Whether a process runs under this pid; one that has ended and is not reaped yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  // Where nothing reaps orphans (a container without an init), a dead one answers signals for ever.
  return commandOf(pid) !== '';
}
