import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { showRun } from '../../src/client/show.ts';
import type { StartedRun } from '../../src/client/start.ts';
import { resolveConnections } from '../../src/config.ts';
import type { BlueprintRow } from '../../src/contracts/blueprint.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { cerebros, errorOf, type Ran, type World } from './fake-context.ts';

const YAML = `
name: report
version: "1"
steps:
  - { name: load, needs: [extract], undo: { task_type: unload } }
  - { name: extract }
`;
const SORTED = {
  name: 'report',
  version: '1',
  steps: [{ name: 'extract' }, { name: 'load', needs: ['extract'], undo: { task_type: 'unload' } }],
};

let database: TestDatabase;
let cwd = '';
beforeAll(async () => {
  database = await createTestDatabase();
  cwd = mkdtempSync(join(tmpdir(), 'cerebros-blueprint-'));
  writeFileSync(join(cwd, 'report.yaml'), YAML);
});
afterAll(async () => {
  await database.drop();
  rmSync(cwd, { recursive: true });
});

/** Runs `blueprint …` on a ledger, without a Temporal. */
function run(args: readonly string[], world: World = {}): Promise<Ran> {
  return withLedger(['blueprint', ...args], world);
}

function withLedger(args: readonly string[], world: World): Promise<Ran> {
  const connections = resolveConnections({ address: '127.0.0.1:1', database_url: database.url, data_dir: '/nowhere' }, {});
  return cerebros(args, { cwd, connect: () => Promise.resolve(connect({ connections })), ...world });
}

const json = ({ stdout }: Ran): unknown => JSON.parse(stdout);

describe('blueprint validate', () => {
  it('prints the blueprint with its steps in order and its hash, without any stack', async () => {
    const ran = await cerebros(['blueprint', 'validate', 'report.yaml'], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(json(ran)).toEqual({
      name: 'report',
      version: '1',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      definition: SORTED,
    });
  });

  it('reads stdin, JSON as well, and comes to the same hash', async () => {
    const [yaml, fromJson] = await Promise.all([
      cerebros(['blueprint', 'validate', 'report.yaml'], { cwd }),
      cerebros(['blueprint', 'validate', '-'], { stdin: JSON.stringify(SORTED) }),
    ]);
    expect(fromJson.stdout).toBe(yaml.stdout);
  });

  it('says it as text', async () => {
    const { stdout, stderr } = await cerebros(['blueprint', 'validate', 'report.yaml', '-o', 'text'], { cwd });
    expect(stdout.replaceAll(/[0-9a-f]{64}/g, 'HASH')).toBe(
      [
        'name     report',
        'version  1',
        'sha256   HASH',
        '',
        '2 steps',
        '#  STEP     AFTER    UNDO',
        '0  extract           -',
        '1  load     extract  yes',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('it can be run; next: cerebros blueprint register report.yaml\n');
  });

  it.each([
    {
      stdin: 'name: r\nversion: "1"\nsteps: [{name: a, needs: [b]}, {name: b, needs: [a]}]',
      said: 'steps: expected needs without a cycle, got a → b → a',
    },
    { stdin: 'name: r\nversion: "1"\nsteps: [{name: a, retries: 2}]', said: 'got "retries"; did you mean "max_retries"?' },
    {
      stdin: '{blueprint: {name: r}, inputs: {}}',
      said: 'expected no fields but name, version, description, steps, got "blueprint", "inputs"',
    },
    { stdin: 'steps: [', said: 'stdin, line 1' },
  ])('exits 2 with the place: $said', async ({ stdin, said }) => {
    const ran = await cerebros(['blueprint', 'validate', '-'], { stdin });
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(errorOf(ran).message).toContain(said);
  });
});

describe('blueprint register, list and show', () => {
  it('keep a version, and who registered it', async () => {
    const registered = await run(['register', 'report.yaml', '--as', 'ada']);
    expect(registered).toMatchObject({ code: 0, stderr: '' });
    const row = json(registered) as BlueprintRow;
    expect(row).toMatchObject({ name: 'report', version: '1', definition: SORTED, registered_by: 'ada' });
    for (const reference of ['report', 'report@1']) expect(json(await run(['show', reference]))).toEqual(row);
    const { definition: _, ...listed } = row;
    expect(json(await run(['list']))).toEqual([listed]);
    expect((await run(['list', '-o', 'jsonl'])).stdout).toBe(`${JSON.stringify(listed)}\n`);
  });

  it.each([
    { env: { CEREBROS_USER: 'grace' }, by: 'grace', why: 'CEREBROS_USER says so' },
    { env: {}, by: userInfo().username, why: 'nobody says so' },
  ])('note $by when $why', async ({ env, by }) => {
    const stdin = YAML.replace('"1"', JSON.stringify(`by-${by}`));
    expect(json(await run(['register', '-'], { env, stdin }))).toMatchObject({ registered_by: by });
  });

  it('say it as text', async () => {
    await run(['register', 'report.yaml', '--as', 'ada']);
    const shown = await run(['show', 'report@1', '-o', 'text']);
    expect(shown.stdout).toMatch(/^name +report\nversion +1\nsha256 +[0-9a-f]{64}\nregistered_at .*Z\nregistered_by +ada\n\n2 steps\n/);
    expect(shown.stderr).toBe('next: cerebros start blueprint --input FILE, with {blueprint: report@1, inputs: {…}} in it\n');
    expect((await run(['list', '-o', 'text'])).stdout).toMatch(
      /^BLUEPRINT +SHA-256 +REGISTERED +BY\n.*report@1 +[0-9a-f]{12} +.* ago +ada\n$/s,
    );
  });

  it.each([
    { args: ['show', 'report@7'], code: 4, said: 'BLUEPRINT_NOT_FOUND' },
    { args: ['show', 'report@'], code: 2, said: 'INVALID_INPUT' },
    { args: ['register', '-'], stdin: `${YAML}description: other`, code: 5, said: 'VERSION_TAKEN' },
    { args: ['register', '-'], stdin: 'name: report', code: 2, said: 'INVALID_INPUT' },
    { args: ['register', 'report.yaml', '--as', ' '], code: 2, said: 'INVALID_INPUT' },
    { args: ['register', 'absent.yaml'], code: 2, said: 'INVALID_INPUT' },
  ])('exit $code for $args', async ({ args, stdin = '', code, said }) => {
    const ran = await run(args, { stdin });
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(errorOf(ran).code).toBe(said);
  });

  it('exit 3 without a ledger', async () => {
    const connections = resolveConnections(
      { address: '127.0.0.1:1', database_url: 'postgres://127.0.0.1:1/none', data_dir: '/nowhere' },
      {},
    );
    const ran = await run(['list'], { connect: () => Promise.resolve(connect({ connections })) });
    expect({ code: ran.code, error: errorOf(ran).code }).toEqual({ code: 3, error: 'LEDGER_UNREACHABLE' });
  });
});

describe('start blueprint', () => {
  it.each([
    { args: ['--as', 'ada'], env: { CEREBROS_USER: 'grace' }, metadata: { requested_by: 'ada' } },
    { args: [], env: { CEREBROS_USER: 'grace' }, metadata: { requested_by: 'grace' } },
    { args: [], env: {}, metadata: {} },
  ])('notes who starts it: $metadata', async ({ args, env, metadata }) => {
    await run(['register', 'report.yaml', '--as', 'ada']);
    const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
    const stack = connect({ connections: resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {}) });
    const stdin = 'blueprint: report@1\ninputs: { region: eu }';
    const connecting = { connect: () => Promise.resolve({ ...stack, close: () => Promise.resolve() }) };
    const ran = await cerebros(['start', 'blueprint', '--input', '-', ...args], { env, stdin, ...connecting });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const { execution_id } = json(ran) as StartedRun;
    const inputs = { blueprint: SORTED, inputs: { region: 'eu' } };
    expect(await showRun(stack, execution_id)).toMatchObject({ kind: 'blueprint', metadata, inputs });
    expect((await showRun(stack, execution_id)).metadata).toEqual(metadata);
    await (await stack.temporal()).workflow.getHandle(execution_id).terminate();
    await stack.close();
  });
});

describe('a blueprint that cannot be run', () => {
  const of = (steps: string): string => `name: broken\nversion: "1"\nsteps: ${steps}`;

  it.each([
    {
      what: 'a cycle',
      given: of('[{name: a, needs: [b]}, {name: b, needs: [a]}]'),
      says: 'steps: expected needs without a cycle, got a → b → a (each needs the next); take one of these needs out',
    },
    {
      what: 'a step that is missing',
      given: of('[{name: extract}, {name: load, needs: [extrct]}]'),
      says: 'steps[1].needs[0]: expected the name of another step, got "extrct"; the other steps are extract; did you mean "extract"?',
    },
    {
      what: 'two steps of one name',
      given: of('[{name: a}, {name: a}]'),
      says: 'steps[1].name: expected a name of its own for each step, got "a", which steps[0] has; rename one',
    },
    { what: 'an unknown field', given: of('[{name: a, retries: 2}]'), says: 'got "retries"; did you mean "max_retries"?' },
  ])('exits 2 with place and cure, whether it is validated, registered or started: $what', async ({ given, says }) => {
    const input = `blueprint: ${JSON.stringify(parse(given))}`;
    const ran = await Promise.all([
      run(['validate', '-'], { stdin: given }),
      run(['register', '-'], { stdin: given }),
      withLedger(['start', 'blueprint', '--input', '-', '--id', 'broken'], { stdin: input }),
    ]);
    expect(ran.map(({ code, stdout }) => ({ code, stdout }))).toEqual(Array.from({ length: 3 }, () => ({ code: 2, stdout: '' })));
    for (const one of ran) {
      expect(errorOf(one).code).toBe('INVALID_INPUT');
      expect(errorOf(one).message.replace('blueprint.steps', 'steps')).toContain(says);
    }
    expect(json(await run(['list']))).not.toContainEqual(expect.objectContaining({ name: 'broken' }));
  });
});

it.each([[[]], [['validate']], [['register']], [['list']], [['show']]])(
  'blueprint %j has a help text within 80 columns',
  async (command) => {
    const ran = await cerebros(['blueprint', ...command, '--help']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('USAGE');
    expect(ran.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);
