import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { UserError } from '../contracts/user-error.ts';
import { runCommand } from './run-command.ts';

/** A port on 127.0.0.1 by number, or any free one: 0 and `auto` mean the same. */
export type PortChoice = number | 'auto';

/** A port as written after a flag: a number from 0 to 65535 or `auto`. Throws `PORT_INVALID`. */
export function parsePort(text: string, flag: string): PortChoice {
  const port = Number(text);
  if (text === 'auto' || text === '0') return 'auto';
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UserError('PORT_INVALID', `${flag} takes a port from 1 to 65535 or auto, got ${JSON.stringify(text)}.`, {
    hint: `For example: ${flag} auto`,
    exitCode: 2,
  });
}

/** A port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await listen(0);
  const port = portOf(server);
  await close(server);
  return port;
}

/**
 * Ports for several servers: the chosen ones, checked to be free, and a free one for each that was left open, all different. The
 * answer gives the port of a flag. Throws `PORT_TAKEN` naming the flag that changes it.
 *
 * @example const portOf = await claimPorts({ '--port': 7233, '--web-port': 'auto' }); portOf('--web-port');
 */
export async function claimPorts<Flag extends string>(choices: Readonly<Record<Flag, PortChoice>>): Promise<(flag: Flag) => number> {
  const held = new Map<string, Server>();
  const ports = new Map<string, number>();
  try {
    // Held until all are known: else two open choices could be given the same port.
    for (const [flag, choice] of Object.entries<PortChoice>(choices)) {
      const server = await listenFor(flag, choice);
      held.set(flag, server);
      ports.set(flag, portOf(server));
    }
  } finally {
    await Promise.all([...held.values()].map(close));
  }
  return (flag) => {
    const port = ports.get(flag);
    if (port === undefined) throw new Error(`no port was claimed for ${flag}`);
    return port;
  };
}

/** Resolves when something accepts connections on 127.0.0.1 at this port; rejects when nothing does within 2 s. */
export function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('no connection within 2 s')));
    socket.once('error', reject);
  });
}

async function listenFor(flag: string, choice: PortChoice): Promise<Server> {
  const port = choice === 'auto' ? 0 : choice;
  try {
    return await listen(port);
  } catch (error) {
    const holder = await holderOf(port);
    throw new UserError(
      'PORT_TAKEN',
      `Port ${port} on 127.0.0.1 cannot be used${holder === '' ? `: ${messageOf(error)}` : `: ${holder} has it`}.`,
      {
        hint: `Choose another with ${flag} N (${flag} auto takes a free one), or end what holds it.`,
        exitCode: 5,
        cause: error,
      },
    );
  }
}

/** Who listens on a port, as `name (pid)`; `''` when that cannot be learned. */
async function holderOf(port: number): Promise<string> {
  const listed = await runCommand('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeoutMs: 2000 });
  const pid = /^p(\d+)$/m.exec(listed.output)?.[1];
  const name = /^c(.+)$/m.exec(listed.output)?.[1];
  return pid === undefined ? '' : `${name ?? 'process'} (pid ${pid})`;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`expected a TCP address, got ${String(address)}`);
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
