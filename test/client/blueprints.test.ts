import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBlueprint, listBlueprints, registerBlueprint } from '../../src/client/blueprints.ts';
import { checkBlueprint } from '../../src/client/blueprints/check.ts';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { firstEvent } from '../../src/client/first-event.ts';
import { prepareInput } from '../../src/client/prepare-input.ts';
import { startSaga, type StartedRun, type StartRequest } from '../../src/client/start.ts';
import { resolveConnections } from '../../src/config.ts';
import type { Blueprint, BlueprintInput } from '../../src/contracts/blueprint.ts';
import type { Json } from '../../src/contracts/ledger.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const address = process.env['CEREBROS_TEST_ADDRESS'] ?? '';
const started: string[] = [];

let database: TestDatabase;
let cerebros: Cerebros;
beforeAll(async () => {
  database = await createTestDatabase();
  cerebros = connect({ connections: resolveConnections({ address, database_url: database.url, data_dir: '/nowhere' }, {}) });
});
afterAll(async () => {
  const client = await cerebros.temporal();
  for (const id of started) await client.workflow.getHandle(id).terminate();
  await cerebros.close();
  await database.drop();
});

const unique = (stem: string): string => `${stem}-${randomBytes(6).toString('hex')}`;

function blueprint(name: string, version = '1', given: Partial<Blueprint> = {}): Blueprint {
  return { name, version, steps: [{ name: 'extract' }, { name: 'load', needs: ['extract'], undo: { task_type: 'unload' } }], ...given };
}

describe('registerBlueprint', () => {
  it('stores a version with its hash, which does not depend on how it is written', async () => {
    const name = unique('written');
    const { steps, ...rest } = blueprint(name);
    const row = await registerBlueprint(cerebros, { steps: steps.toReversed(), ...rest }, { by: 'ada' });
    expect(row).toMatchObject({ name, version: '1', definition: blueprint(name), registered_by: 'ada' });
    expect(row.sha256).toBe(checkBlueprint(blueprint(name)).sha256);
    expect(await registerBlueprint(cerebros, blueprint(name), { by: 'eve' })).toEqual(row);
    expect(await listBlueprints(cerebros, { name })).toEqual([
      { name, version: '1', sha256: row.sha256, registered_at: row.registered_at, registered_by: 'ada' },
    ]);
  });

  it('exits 5 for another definition of the same version, which stays', async () => {
    const name = unique('taken');
    const row = await registerBlueprint(cerebros, blueprint(name));
    const other = blueprint(name, '1', { description: 'better' });
    await expect(registerBlueprint(cerebros, other)).rejects.toMatchObject({
      code: 'VERSION_TAKEN',
      exitCode: 5,
      message: `blueprint ${name}@1: expected the definition that was registered at ${row.registered_at} (sha256 ${row.sha256.slice(0, 12)}…), got another (${checkBlueprint(other).sha256.slice(0, 12)}…); a registered version never changes`,
    });
    expect(await getBlueprint(cerebros, name)).toEqual(row);
    expect(await registerBlueprint(cerebros, { ...other, version: '2' })).toMatchObject({ version: '2' });
  });

  it('keeps the hash true to what is stored, also where the database cannot hold a character', async () => {
    const row = await registerBlueprint(cerebros, blueprint(unique('nul'), '1', { description: 'a\u0000b' }));
    expect(checkBlueprint((await getBlueprint(cerebros, row.name)).definition)).toEqual({ definition: row.definition, sha256: row.sha256 });
  });

  it.each<[string, unknown, string]>([
    [
      'a cycle',
      blueprint('x', '1', {
        steps: [
          { name: 'a', needs: ['b'] },
          { name: 'b', needs: ['a'] },
        ],
      }),
      'got a → b → a',
    ],
    [
      'more than fits into a run',
      blueprint('x', '1', { steps: [{ name: 'a', inputs: 'x'.repeat(256 * 1024) }] }),
      'expected at most 262144',
    ],
    ['nothing', null, 'expected a blueprint as {name, version, steps}, got null'],
  ])('exits 2 for %s, and stores nothing', async (_, given, message) => {
    const failed = { code: 'INVALID_INPUT', exitCode: 2, message: expect.stringContaining(message) as string };
    await expect(registerBlueprint(cerebros, given)).rejects.toMatchObject(failed);
    expect(await listBlueprints(cerebros, { name: 'x' })).toEqual([]);
  });
});

describe('getBlueprint', () => {
  it('exits 4 with the versions there are, or the name that was meant', async () => {
    const name = unique('found');
    for (const version of ['1', '2']) await registerBlueprint(cerebros, blueprint(name, version));
    expect(await getBlueprint(cerebros, name)).toMatchObject({ version: '2' });
    expect(await getBlueprint(cerebros, `${name}@1`)).toMatchObject({ version: '1' });
    const missing = (message: string): object => ({ code: 'BLUEPRINT_NOT_FOUND', exitCode: 4, message });
    await expect(getBlueprint(cerebros, `${name}@3`)).rejects.toMatchObject(
      missing(`blueprint ${name}@3: expected one that is registered, found only ${name}@2, ${name}@1`),
    );
    await expect(getBlueprint(cerebros, `${name}x`)).rejects.toMatchObject(
      missing(`blueprint ${name}x: expected one that is registered, found none of this name; did you mean "${name}"?`),
    );
    await expect(getBlueprint(cerebros, 'zzz')).rejects.toMatchObject(
      missing('blueprint zzz: expected one that is registered, found none of this name'),
    );
  });

  it.each(['', '@1', 'report@', 'a@1@2', 'a report'])('exits 2 for %j, which names none', async (reference) => {
    const message = `blueprint: expected name or name@version, of letters, digits, ".", "_" or "-", got ${JSON.stringify(reference)}`;
    await expect(getBlueprint(cerebros, reference)).rejects.toMatchObject({ code: 'INVALID_INPUT', exitCode: 2, message });
  });
});

async function start(input: object, given: Partial<StartRequest> = {}): Promise<StartedRun> {
  const run = await startSaga(cerebros, { kind: 'blueprint', input, ...given });
  if (!started.includes(run.execution_id)) started.push(run.execution_id);
  return run;
}

async function inputOf(id: string): Promise<Json> {
  return (await firstEvent(await cerebros.temporal(), id)).input;
}

describe('start blueprint', () => {
  it('gives the workflow the blueprint that is named, with its hash, and an input without inputs an empty object', async () => {
    const { definition, sha256, name } = await registerBlueprint(cerebros, blueprint(unique('named')));
    const run = await start({ blueprint: `${name}@1`, inputs: { region: 'eu' } });
    const client = await cerebros.temporal();
    const first = await firstEvent(client, run.execution_id);
    const expected: BlueprintInput = { blueprint: definition, sha256, inputs: { region: 'eu' } };
    expect(first).toMatchObject({ workflow_type: 'blueprint', queue: 'cerebros', input: expected });
    expect(first.memo?.plan).toEqual([
      { name: 'extract', queue: 'cerebros-python', external: true },
      { name: 'load', needs: ['extract'], queue: 'cerebros-python', external: true, undo: { task_type: 'unload' } },
    ]);
    expect(await inputOf((await start({ blueprint: definition })).execution_id)).toEqual({ blueprint: definition, sha256, inputs: {} });
  });

  it('returns the same run for the same id and input, by whatever name', async () => {
    const { definition, sha256, name } = await registerBlueprint(cerebros, blueprint(unique('again')));
    const id = unique('again');
    const run = await start({ blueprint: name }, { id });
    for (const input of [{ blueprint: name }, { blueprint: `${name}@1`, inputs: {} }, { blueprint: definition, sha256 }])
      expect((await start(input, { id })).run_id).toBe(run.run_id);
    const taken = { code: 'ID_TAKEN', exitCode: 5 };
    await expect(start({ blueprint: name, inputs: { other: 1 } }, { id })).rejects.toMatchObject(taken);
    await expect(start({ blueprint: { ...definition, description: 'other' } }, { id })).rejects.toMatchObject(taken);
    const own = await start({ blueprint: { ...definition, description: 'other' } });
    await expect(start({ blueprint: name }, { id: own.execution_id })).rejects.toMatchObject(taken);
  });

  it('keeps a run at the version it began with when a newer one is registered', async () => {
    const { definition, name } = await registerBlueprint(cerebros, blueprint(unique('newer')));
    const id = unique('newer');
    const run = await start({ blueprint: name }, { id });
    await registerBlueprint(cerebros, blueprint(name, '2'));
    expect((await start({ blueprint: name }, { id })).run_id).toBe(run.run_id);
    expect(await inputOf(id)).toMatchObject({ blueprint: definition });
    expect(await inputOf((await start({ blueprint: name })).execution_id)).toMatchObject({ blueprint: { version: '2' } });
    await expect(start({ blueprint: `${name}@2` }, { id })).rejects.toMatchObject({ code: 'ID_TAKEN', exitCode: 5 });
  });

  it('notes who starts it, beside other metadata, and nobody by default', async () => {
    const input = { blueprint: blueprint(unique('who')) };
    const metadata = { ticket: 7 };
    const named = await start(input, { as: 'ada', metadata });
    const nobody = await start(input);
    const sql = await cerebros.ledger();
    expect((await getRun(sql, named.execution_id))?.metadata).toEqual({ ticket: 7, requested_by: 'ada' });
    expect((await getRun(sql, nobody.execution_id))?.metadata).toEqual({});
    expect((await firstEvent(await cerebros.temporal(), named.execution_id)).start).toEqual({
      metadata: { ticket: 7, requested_by: 'ada' },
    });
  });

  it.each<[string, object, Partial<StartRequest>, object]>([
    ['a name that is not registered', { blueprint: 'nowhere@1' }, {}, { code: 'BLUEPRINT_NOT_FOUND', exitCode: 4 }],
    [
      'a hash of another blueprint',
      { blueprint: blueprint('x'), sha256: 'f'.repeat(64) },
      {},
      {
        code: 'INVALID_INPUT',
        exitCode: 2,
        message: expect.stringContaining(`got ${'f'.repeat(64)}; the blueprint has changed`) as string,
      },
    ],
    [
      'a blueprint that cannot be run',
      { blueprint: { ...blueprint('x'), steps: [{ name: 'a', needs: ['a'] }] } },
      {},
      {
        code: 'INVALID_INPUT',
        exitCode: 2,
        message: expect.stringContaining('blueprint.steps[0].needs[0]: expected another step, got "a", the step itself') as string,
      },
    ],
    ['a name of two lines', { blueprint: blueprint('x') }, { as: 'a\nb' }, { code: 'INVALID_INPUT', exitCode: 2 }],
  ])('refuses %s, and starts nothing', async (_, input, given, failed) => {
    const id = unique('refused');
    await expect(start(input, { id, ...given })).rejects.toMatchObject(failed);
    expect(await getRun(await cerebros.ledger(), id)).toBeUndefined();
  });
});

describe('prepareInput', () => {
  it('takes a blueprint itself where nothing is looked up, and refuses a name', async () => {
    const { definition, sha256 } = checkBlueprint(blueprint('plain'));
    expect(await prepareInput('blueprint', { blueprint: definition })).toMatchObject({
      input: { blueprint: definition, sha256, inputs: {} },
      plan: { kind: 'blueprint', steps: [{ name: 'extract' }, { name: 'load' }] },
    });
    await expect(prepareInput('blueprint', { blueprint: 'plain@1' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      exitCode: 2,
      message: 'blueprint: expected the blueprint itself, because nothing is looked up here, got "plain@1"',
    });
  });
});
