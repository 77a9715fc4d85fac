import { expect, it } from 'vitest';
import { datasetBuildInputSchema } from '../../src/contracts/dataset-build-schema.ts';

const folder = { type: 'folder', path: 'images' };
const messagesOf = (input: unknown): string[] => {
  const { error } = datasetBuildInputSchema.safeParse(input);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
};

it('an input with a name and a source has defaults for everything else', () => {
  const parsed = datasetBuildInputSchema.parse({ dataset: 'pets', sources: [folder] });
  expect(parsed).toMatchObject({
    download: { concurrency: 8, max_failed_fraction: 0.1 },
    deduplicate: { near_threshold: 16 },
    label: { from: 'given_or_path' },
    splits: { train: 0.8, validation: 0.1, test: 0.1 },
    seed: 0,
  });
});

it.each([
  ['a name that comes with Cerebros', { dataset: 'mnist', sources: [folder] }, 'dataset: expected a name of its own, got mnist'],
  ['a name with a version', { dataset: 'pets@1', sources: [folder] }, 'dataset: expected 1 to 64 of'],
  ['no source', { dataset: 'pets', sources: [] }, 'sources: '],
  ['a folder behind a scheme', { dataset: 'pets', sources: [{ ...folder, path: 'file:///etc' }] }, 'sources.0.path: expected a folder'],
  [
    'a list at a scheme that is not read',
    { dataset: 'pets', sources: [{ type: 'manifest', path: 'ftp://a/b' }] },
    'sources.0.path: expected a path',
  ],
  ['neither URLs nor a list of them', { dataset: 'pets', sources: [{ type: 'urls' }] }, 'sources.0: expected either urls or path'],
  ['a password in a URL', { dataset: 'pets', sources: [{ type: 'urls', urls: ['https://a:b@c.org/d'] }] }, 'without user and password'],
  [
    'a password in the URL of a manifest',
    { dataset: 'pets', sources: [{ type: 'manifest', path: 'https://a:b@c.org/d.csv' }] },
    'sources.0.path: expected a URL without user and password',
  ],
  [
    'what is no URL behind https',
    { dataset: 'pets', sources: [{ type: 'archive', path: 'https://[/a.zip' }] },
    'sources.0.path: expected an https URL',
  ],
  ['a label that is blank', { dataset: 'pets', sources: [{ ...folder, label: ' ' }] }, 'sources.0.label: expected a label'],
  ['a label with a line break', { dataset: 'pets', sources: [folder], label: { map: { a: 'b\n' } } }, 'label.map.a: expected a label'],
  [
    'shares that are not a whole',
    { dataset: 'pets', sources: [folder], splits: { train: 1, validation: 1, test: 0 } },
    'splits: expected shares',
  ],
  [
    'two label maps',
    { dataset: 'pets', sources: [folder], label: { map: {}, map_path: 'a' } },
    'label: expected map or map_path, got both',
  ],
  ['sides that leave nothing', { dataset: 'pets', sources: [folder], validate: { min_side: 9, max_side: 8 } }, 'validate.min_side: '],
  ['an unknown field', { dataset: 'pets', sources: [folder], colour: 1 }, 'colour'],
])('%s is refused at its place', (_title, input, expected) => {
  expect(messagesOf(input).join('\n')).toContain(expected);
});
