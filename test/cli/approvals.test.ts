import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import type { ApprovalRow, Decision } from '../../src/contracts/step-protocol.ts';
import { approval, storeApprovals } from '../ledger/approval-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, errorOf, type Ran, type World } from './fake-context.ts';

const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';

const COUNTS: Decision = {
  decision: 'approved',
  by: 'ada',
  comment: 'looks good',
  decided_at: '2027-01-31T13:00:00.000Z',
  decision_id: 'd-1',
  timed_out: false,
};

/** A stack whose runs take every update. */
function stack(): { readonly updates: unknown[][]; run(args: readonly string[], world?: World): Promise<Ran> } {
  const updates: unknown[][] = [];
  const getHandle = (id: string) => ({
    executeUpdate: (name: string, { args }: { readonly args: unknown[] }) => {
      updates.push([id, name, ...args]);
      return Promise.resolve(name === 'wake' ? { status: 'running' } : COUNTS);
    },
  });
  const client = { withDeadline: (_: number, call: () => unknown) => call(), workflow: { getHandle } };
  const fake = { temporal: () => Promise.resolve(client), close: () => Promise.resolve() } as unknown as Cerebros;
  return { updates, run: (args, world = {}) => cerebros(args, { connect: () => Promise.resolve(fake), ...world }) };
}

const AN_ID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

describe('approve and reject', () => {
  it.each([
    {
      args: ['approve', 'run', 'load', '--as', 'ada', '--comment', 'looks good'],
      sent: { decision: 'approved', by: 'ada', comment: 'looks good' },
    },
    { args: ['reject', 'run', '2', '--as', 'ada'], sent: { decision: 'rejected', by: 'ada', comment: null } },
    { args: ['approve', 'run', 'load'], env: { CEREBROS_USER: 'grace' }, sent: { decision: 'approved', by: 'grace', comment: null } },
    {
      args: ['reject', 'run', 'load', '--as', 'ada'],
      env: { CEREBROS_USER: 'grace' },
      sent: { decision: 'rejected', by: 'ada', comment: null },
    },
    { args: ['approve', 'run', 'load'], sent: { decision: 'approved', by: userInfo().username, comment: null } },
  ])('ask the run, and print the decision that counts: $args', async ({ args, env = {}, sent }) => {
    const { updates, run } = stack();
    const ran = await run(args, { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(updates).toEqual([['run', 'decide', { step: args[2], ...sent, decision_id: AN_ID }]]);
    expect(JSON.parse(ran.stdout)).toEqual({ execution_id: 'run', step: args[2], ...COUNTS });
  });

  it('say it as text', async () => {
    const { stdout, stderr } = await stack().run(['approve', 'run', 'load', '--as', 'ada', '-o', 'text']);
    expect(stdout).toBe('run  load  approved by ada  looks good\n');
    expect(stderr).toBe('next: cerebros watch run\n');
  });

  it.each([
    { args: ['approve', 'run'], why: 'a missing step' },
    { args: ['approve', 'a b', 'load'], why: 'an id that is none' },
    { args: ['reject', 'run', 'load', '--as', ''], why: 'no name' },
    { args: ['reject', 'run', 'load', '--because', 'x'], why: 'a flag that is none' },
  ])('exit 2 for $why, and decide nothing', async ({ args }) => {
    const { updates, run } = stack();
    expect(await run(args)).toMatchObject({ code: 2, stdout: '' });
    expect(updates).toEqual([]);
  });
});

describe('wake', () => {
  it('asks the run, and prints its status', async () => {
    const { updates, run } = stack();
    const ran = await run(['wake', 'run', 'transform']);
    expect(updates).toEqual([['run', 'wake', { step: 'transform' }]]);
    expect(JSON.parse(ran.stdout)).toEqual({ execution_id: 'run', status: 'running' });
    expect((await run(['wake', 'run', 'transform', '-o', 'text'])).stdout).toBe('run  running\n');
  });
});

describe('approvals', () => {
  const WAITING: readonly ApprovalRow[] = [
    approval('long', 0, { approvers: ['grace'] }),
    approval('short', 5, { requester: 'grace', data: null }),
  ];
  const DECIDED = approval('short', 3, { n: 2, status: 'rejected', decided_by: 'ada', decided_at: '2027-01-31T13:00:00.000Z' });

  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    const ledger = connectTo(database.url);
    await storeApprovals(await ledger.ledger(), [...WAITING, DECIDED]);
    await ledger.close();
  });
  afterAll(() => database.drop());

  const connectTo = (database_url: string): Cerebros =>
    connect({ connections: resolveConnections({ address, database_url, data_dir: '/nowhere' }, {}) });
  const run = (args: readonly string[]): Promise<Ran> =>
    cerebros(['approvals', ...args], { connect: () => Promise.resolve(connectTo(database.url)) });
  const listed = async (...args: readonly string[]): Promise<ApprovalRow[]> => JSON.parse((await run(args)).stdout) as ApprovalRow[];

  it('lists what waits in all runs, or in one, or for one person, or all there was', async () => {
    const [long, short] = WAITING;
    expect(await listed()).toEqual([long, short]);
    expect(await listed('short')).toEqual([short]);
    expect(await listed('--as', 'grace')).toEqual([long]);
    expect(await listed('--as', 'ada')).toEqual([short]);
    expect(await listed('short', '--all')).toEqual([DECIDED, short]);
    expect(await listed('--limit', '1')).toEqual([long]);
    expect((await run(['-o', 'jsonl'])).stdout.trim().split('\n')).toEqual([long, short].map((row) => JSON.stringify(row)));
  });

  it('says it as text', async () => {
    const { stdout, stderr } = await run(['--all', '-o', 'text']);
    expect(stdout.replaceAll(/\d[\w. ]*? (ago|left)/g, '… $1').replaceAll(/ +/g, ' ')).toBe(
      [
        'RUN STEP TYPE ASKED STATUS',
        'long load publish … ago … left',
        ' {"rows":3}',
        'short load publish … ago rejected by ada',
        ' {"rows":3}',
        'short load publish … ago … left',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('next: cerebros approve long load, or reject\n');
  });

  it('says that nothing waits', async () => {
    expect((await run(['--as', 'grace', 'short', '-o', 'text'])).stdout).toBe('nothing waits for a decision\n');
  });

  it('exits 2 for an id that is none', async () => {
    expect(await run(['a b'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('exits 4 for a run that is nowhere', async () => {
    const ran = await run(['nowhere']);
    expect(ran.stdout).toBe('');
    expect({ code: ran.code, error: errorOf(ran).code }).toEqual({ code: 4, error: 'RUN_NOT_FOUND' });
  });
});

it.each(['approvals', 'approve', 'reject', 'wake', 'start'])('%s has a help text within 80 columns', async (command) => {
  const ran = await cerebros([command, '--help']);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('USAGE');
  expect(ran.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
