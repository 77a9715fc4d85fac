import { describe, expect, it } from 'vitest';
import { datasetIdSchema } from '../../src/contracts/dataset-id-schema.ts';
import { datasetId, parseDatasetReference } from '../../src/contracts/published-dataset.ts';

describe('a dataset to train on', () => {
  it.each(['mnist', 'digits', 'shapes', 'shapes@1', 'a.b_c-9@123456789', `${'a'.repeat(64)}@7`])('may be %s', (id) => {
    expect(datasetIdSchema.safeParse(id)).toEqual({ success: true, data: id });
  });

  it.each([
    '',
    'Shapes',
    'shapes@',
    'shapes@0',
    'shapes@01',
    'shapes@-1',
    'shapes@1.5',
    '@1',
    '../x@1',
    'a/b',
    '.x',
    'a'.repeat(65),
    'x@1234567890',
    ' x',
    3,
    null,
    undefined,
  ])('may not be %j', (id) => {
    const { error } = datasetIdSchema.safeParse(id);
    expect(error?.issues.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^expected mnist, digits or a dataset that was built \(name@version, or its name for the newest version\), got /,
      ),
    ]);
  });

  it('is taken apart and put together', () => {
    expect(parseDatasetReference('a@2.b@3')).toBeUndefined();
    expect(parseDatasetReference('shapes@12')).toEqual({ name: 'shapes', version: 12 });
    expect(parseDatasetReference('shapes')).toEqual({ name: 'shapes', version: null });
    expect(datasetId('shapes', 12)).toBe('shapes@12');
  });
});
