import { expect, test } from 'vitest';
import type { BlueprintRow } from '../../src/contracts/blueprint.ts';
import { blueprintRows } from '../../src/ledger/queries/blueprint-rows.ts';
import { findBlueprint } from '../../src/ledger/queries/find-blueprint.ts';
import { putBlueprint } from '../../src/ledger/queries/put-blueprint.ts';
import { useTestLedger } from '../support/postgres.ts';

const { sql } = useTestLedger();

function blueprint(name: string, version: string, digit = '0'): Omit<BlueprintRow, 'registered_at'> {
  const definition = { name, version, steps: [{ name: 'extract', inputs: { digit, 'a key': [null, 1.5] } }] };
  return { name, version, sha256: digit.repeat(64), definition, registered_by: null };
}

test('putBlueprint stores a version and returns it as it is then found', async () => {
  const row = await putBlueprint(sql, { ...blueprint('stored', '1'), registered_by: 'ada' });
  expect(row).toEqual({ ...blueprint('stored', '1'), registered_by: 'ada', registered_at: expect.stringMatching(/^\d{4}-.*Z$/) as string });
  expect(await findBlueprint(sql, 'stored', '1')).toEqual(row);
});

test('putBlueprint leaves a version that is there as it was, and returns that', async () => {
  const first = await putBlueprint(sql, blueprint('kept', '1', 'a'));
  expect(await putBlueprint(sql, { ...blueprint('kept', '1', 'b'), registered_by: 'eve' })).toEqual(first);
  expect(await findBlueprint(sql, 'kept', '1')).toEqual(first);
});

test('putBlueprint gives all who register a version at once the same one', async () => {
  const digits = ['1', '2', '3', '4', '5', '6', '7', '8'];
  const rows = await Promise.all(digits.map((digit) => putBlueprint(sql, blueprint('raced', '1', digit))));
  expect(new Set(rows.map((row) => row.sha256)).size).toBe(1);
  expect(rows[0]).toEqual(await findBlueprint(sql, 'raced'));
});

test('findBlueprint takes the version that was registered last, whatever it is called', async () => {
  for (const version of ['9', '10', '1']) await putBlueprint(sql, blueprint('many', version));
  expect(await findBlueprint(sql, 'many')).toMatchObject({ version: '1' });
  expect(await findBlueprint(sql, 'many', '9')).toMatchObject({ version: '9' });
  expect(await findBlueprint(sql, 'many', '2')).toBeUndefined();
  expect(await findBlueprint(sql, 'man')).toBeUndefined();
});

test('blueprintRows lists versions, newest first, of one name or of all, without definitions', async () => {
  const versions = (await blueprintRows(sql, { name: 'many' })).map((row) => row.version);
  expect(versions).toEqual(['1', '10', '9']);
  const [newest, ...rest] = await blueprintRows(sql, { limit: 2 });
  expect(newest).toEqual({
    name: 'many',
    version: '1',
    sha256: '0'.repeat(64),
    registered_at: expect.any(String) as string,
    registered_by: null,
  });
  expect(rest).toHaveLength(1);
});
