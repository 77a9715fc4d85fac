import { spawn } from 'node:child_process';

const SCRIPT = `
read -r _
kill -s "$2" "$1"
n=0
while kill -0 "$1" && [ $n -lt 20 ]; do sleep 0.5; n=$((n+1)); done
kill -s KILL "$1"`;

/** Ends a server when we are gone; `dismiss` it when the server has ended. */
export interface Watchdog {
  dismiss(): void;
}

/**
 * Starts a shell that waits for a line which never comes: when our process dies, even by SIGKILL, its end of the pipe closes, and
 * the shell ends the server with `signal`, ten seconds later with SIGKILL. (Node offers no parent-death signal.)
 */
export function watchOver(pid: number, signal: NodeJS.Signals): Watchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'cerebros-watchdog', String(pid), signal.slice('SIG'.length)], {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C in the terminal must not reach it.
    detached: true,
  });
  // Without a shell the next start still ends leftovers.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  return { dismiss: () => void shell.kill('SIGKILL') };
}
