import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callLedger, connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { freePort } from '../../src/stack/ports.ts';

async function nothingThere() {
  const port = await freePort();
  const connections = resolveConnections(
    { address: `127.0.0.1:${port}`, database_url: `postgres://u:secret@127.0.0.1:${port}/d`, data_dir: '/nowhere' },
    {},
  );
  return { address: `127.0.0.1:${port}`, cerebros: connect({ connections }) };
}

describe('connect', () => {
  it('says within about 3 s that Temporal is not there, and what to run', async () => {
    const { address, cerebros } = await nothingThere();
    const before = Date.now();
    await expect(cerebros.temporal()).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      exitCode: 3,
      message: expect.stringContaining(address) as string,
      hint: expect.stringContaining('cerebros dev') as string,
    });
    expect(Date.now() - before).toBeLessThan(4500);
    await cerebros.close();
  });

  it('says that the ledger is not there, without its password', async () => {
    const { address, cerebros } = await nothingThere();
    const error = await callLedger(cerebros, () => Promise.resolve(1)).catch((caught: unknown) => caught as Error & { exitCode: number });
    expect(error).toMatchObject({ code: 'LEDGER_UNREACHABLE', exitCode: 3 });
    expect((error as Error).message).toContain(address);
    expect((error as Error).message).not.toContain('secret');
    await cerebros.close();
  });

  it('gives up on a ledger that takes the connection and says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const cerebros = connect({
      connections: resolveConnections({ database_url: `postgres://u@127.0.0.1:${port}/d`, data_dir: '/nowhere' }, {}),
    });
    const before = Date.now();
    await expect(cerebros.ledger()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    expect(Date.now() - before).toBeLessThan(4500);
    await cerebros.close();
    server.close();
  });
});
