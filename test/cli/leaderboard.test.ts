import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import type { TrialRow } from '../../src/contracts/nas-search.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { putTrialBatch } from '../../src/ledger/queries/put-trial-batch.ts';
import { batch } from '../ledger/batches.ts';
import { epoch, trial, trialBatch } from '../ledger/trial-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, errorOf, type Ran, type World } from './fake-context.ts';

const HASH = 'ab'.repeat(32);
const of = (number: number, parts: Partial<TrialRow>): TrialRow => trial('search', number, { weights_sha256: HASH, ...parts });
const NOTHING = { value: null, epochs: 0, weights_sha256: null, completed_at: null } as const;

const TRIALS = [
  of(0, { value: 0.91234, params: { op: 'dense', learning_rate: 0.0012345678 } }),
  of(1, { status: 'pruned', value: 0.8, epochs: 1, params: { op: 'conv', kernel: 3 } }),
  of(2, { value: 0.97126, params: { op: 'dense', learning_rate: 0.01 } }),
  of(3, {
    ...NOTHING,
    status: 'failed',
    params: { op: 'dense' },
    error: { code: 'TRAINING_DIVERGED', message: 'epoch 1: "loss",\n\u001b[31mNaN' },
  }),
  of(4, { ...NOTHING, status: 'running', params: { op: 'dense' } }),
];

let database: TestDatabase;
let sql: Sql;
let cwd = '';
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'cerebros-leaderboard-'));
  database = await createTestDatabase();
  sql = openLedger(database.url);
  for (const [id, kind] of [
    ['search', 'nas-search'],
    ['young', 'nas-search'],
    ['other', 'proof'],
  ] as const)
    await flushBatch(sql, batch(id, 1, { run: { kind, status: 'running', run_id: 'r' }, steps: [] }));
  const curves = [0, 2].flatMap((number) => [1, 2, 3].map((n) => epoch('search', number, n, 0.9 + n / 50 + number / 1000)));
  await putTrialBatch(sql, trialBatch({ trials: TRIALS, epochs: [...curves, epoch('search', 1, 1)] }));
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
  rmSync(cwd, { recursive: true });
});

/** Temporal is nowhere: all of it must come from the ledger. */
function leaderboard(args: readonly string[], world: World = {}): Promise<Ran> {
  const connections = resolveConnections({ address: '127.0.0.1:1', database_url: database.url, data_dir: '/nowhere' }, {});
  return cerebros(['leaderboard', ...args], { cwd, connect: () => Promise.resolve(connect({ connections })), ...world });
}

describe('leaderboard as text', () => {
  it('shows the trials, the best first, how it came about, and the best learning curves', async () => {
    const { code, stdout } = await leaderboard(['search', '-o', 'text']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'search  running',
        '5 trials, 4 done: 2 completed, 1 pruned, 1 failed, 1 running',
        '',
        'RANK  TRIAL  VALUE   EPOCHS  PARAMS  STATUS     CONFIGURATION',
        '1     2      0.9713  3       101770  completed  op=dense learning_rate=0.01',
        '2     0      0.9123  3       101770  completed  op=dense learning_rate=0.00123',
        '3     1      0.8000  1       101770  pruned     op=conv kernel=3',
        '-     4      -       0       101770  running    op=dense',
        '-     3      -       0       101770  failed     TRAINING_DIVERGED: epoch 1: "lo…',
        '',
        'best so far  __#  0.9123 to 0.9713',
        '',
        'validation accuracy by epoch',
        'trial 2  _~#  0.9220 to 0.9620',
        'trial 0  _~#  0.9200 to 0.9600',
        'trial 1  -    0.8000 to 0.8000',
        '',
      ].join('\n'),
    );
  });

  it('draws blocks on a terminal, and ASCII with NO_COLOR', async () => {
    expect((await leaderboard(['search'], { tty: true })).stdout).toContain('▁▁█  0.9123 to 0.9713');
    expect((await leaderboard(['search'], { tty: true, env: { NO_COLOR: '1' } })).stdout).toContain('__#  0.9123 to 0.9713');
  });

  it('shows as many rows as asked for, of all of the best so far', async () => {
    const { stdout } = await leaderboard(['search', '-o', 'text', '--limit', '1']);
    expect(stdout).toContain('best so far  __#');
    expect(stdout.match(/^[\d-] +\d/gm)).toEqual(['1     2']);
  });

  it('says that a search has no trials yet', async () => {
    expect((await leaderboard(['young', '-o', 'text'])).stdout).toBe('young  running\nno trials\n');
  });
});

describe('leaderboard as JSON', () => {
  it('has rows, counts, best so far and curves', async () => {
    const board = JSON.parse((await leaderboard(['search'])).stdout) as Record<string, unknown>;
    expect(board).toMatchObject({
      search_id: 'search',
      status: 'running',
      counts: { completed: 2, pruned: 1, failed: 1, running: 1 },
      trials: [
        { rank: 1, number: 2 },
        { rank: 2, number: 0 },
        { rank: 3, number: 1 },
        { rank: null, number: 4 },
        { rank: null, number: 3 },
      ],
      curves: [{ trial: 2 }, { trial: 0 }, { trial: 1, epochs: [{ epoch: 1, train_loss: 1, validation_accuracy: 0.8 }] }],
    });
    expect(board['best_so_far']).toEqual([
      { number: 0, best: 0, value: 0.91234, epochs: 3 },
      { number: 1, best: 0, value: 0.91234, epochs: 3 },
      { number: 2, best: 2, value: 0.97126, epochs: 3 },
    ]);
  });

  it('is a line for each row as jsonl', async () => {
    const lines = (await leaderboard(['search', '-o', 'jsonl', '--limit', '2'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as TrialRow)).toMatchObject([
      { rank: 1, number: 2, value: 0.97126, epochs: 3, param_count: 101_770, status: 'completed', error: null, weights_sha256: HASH },
      { rank: 2, number: 0 },
    ]);
  });
});

describe('leaderboard --csv', () => {
  const CSV = [
    'rank,number,status,value,epochs,param_count,weights_sha256,engine,started_at,completed_at,error_code,error_message,' +
      'params.op,params.learning_rate,params.kernel',
    `1,2,completed,0.97126,3,101770,${HASH},typescript,2026-03-01T12:00:00.123Z,2026-03-01T12:00:00.123Z,,,dense,0.01,`,
    `2,0,completed,0.91234,3,101770,${HASH},typescript,2026-03-01T12:00:00.123Z,2026-03-01T12:00:00.123Z,,,dense,0.0012345678,`,
    `3,1,pruned,0.8,1,101770,${HASH},typescript,2026-03-01T12:00:00.123Z,2026-03-01T12:00:00.123Z,,,conv,,3`,
    ',4,running,,0,101770,,typescript,2026-03-01T12:00:00.123Z,,,,dense,,',
    ',3,failed,,0,101770,,typescript,2026-03-01T12:00:00.123Z,,TRAINING_DIVERGED,"epoch 1: ""loss"",\nNaN",dense,,',
    '',
  ].join('\n');

  it('prints the rows with a column for each parameter, whatever the output form', async () => {
    for (const form of ['text', 'json']) expect((await leaderboard(['search', '--csv', '-', '-o', form])).stdout).toBe(CSV);
  });

  it('writes a file and says so', async () => {
    const ran = await leaderboard(['search', '--csv', 'out.csv']);
    expect(JSON.parse(ran.stdout)).toEqual({ file: 'out.csv', rows: 5 });
    expect(readFileSync(join(cwd, 'out.csv'), 'utf8')).toBe(CSV);
  });

  it('exits 2 for a file that cannot be written', async () => {
    const ran = await leaderboard(['search', '--csv', 'no/such/folder.csv']);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).message).toMatch(/^--csv no\/such\/folder\.csv: expected a file that can be written, but ENOENT/);
  });
});

it('has a help text within 80 columns', async () => {
  const { stdout } = await cerebros(['leaderboard', '--help']);
  expect(stdout).toContain('--csv');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

describe('leaderboard of what is no search', () => {
  it('exits 5 for a run of another kind', async () => {
    const ran = await leaderboard(['other']);
    expect(ran.code).toBe(5);
    expect(errorOf(ran)).toEqual({
      code: 'REFUSED',
      message: 'run other: expected a run of the kind nas-search, got one of the kind proof',
      hint: 'cerebros list --kind nas-search',
    });
  });

  it.each([
    { args: ['a b'], why: 'an id that cannot be one' },
    { args: ['search', '--limit', '0'], why: 'a limit out of range' },
  ])('exits 2 for $why', async ({ args }) => {
    expect((await leaderboard(args)).code).toBe(2);
  });
});
