import { describe, expect, it } from 'vitest';
import type { DatasetItem } from '../../src/contracts/dataset-build.ts';
import { DatasetError } from '../../src/datasets/errors.ts';
import { checkedLabelMap, labelOf, parseLabelMap, type LabelMap } from '../../src/datasets/labels.ts';

type Item = Pick<DatasetItem, 'uri' | 'from' | 'label'>;

const url = (address: string, label: string | null = null): Item => ({ uri: address, from: { url: address }, label });
const file = (path: string, label: string | null = null): Item => ({ uri: path, from: { file: path }, label });
const blob = (uri: string, label: string | null = null): Item => ({ uri, from: { blob: 'ab', bytes: 1 }, label });

function codeOf(item: Item, from: 'given' | 'path' | 'given_or_path' | 'none', map?: LabelMap): string {
  const labelled = labelOf(item, { from }, map);
  return 'drop' in labelled ? labelled.drop.code : `label ${labelled.label}`;
}

describe('the label by path', () => {
  const cases: readonly [where: string, item: Item, expected: string][] = [
    ['folder of a file', file('/data/pets/cat/1.png'), 'label cat'],
    ['folder of a file with odd slashes', file('pets//cat/./1.png'), 'label cat'],
    ['folder with a percent sign', file('/data/100%25/1.png'), 'label 100%25'],
    ['folder of a URL', url('https://example.org/pets/cat/1.png?size=9#x/y'), 'label cat'],
    ['encoded folder of a URL', url('https://example.org/pets/gro%C3%9Fer%20hund/1.png'), 'label großer hund'],
    ['badly encoded folder of a URL', url('https://example.org/pets/50%/1.png'), 'label 50%'],
    ['folder in an archive', blob('https://example.org/all/mnist.zip!/train/7/12.png'), 'label 7'],
    ['folder with an exclamation mark', file('/data/wow!/1.png'), 'label wow!'],
    ['folder with an exclamation mark in an archive', blob('/data/pets.tar.gz!/wow!/1.png'), 'label wow!'],
    ['folder in an archive whose URL has a query', blob('https://example.org/a.zip?key=a/b!/cat/1.png'), 'label cat'],
    ['folder in an archive in an archive-like folder', blob('/data/a.zip!/b!/c/1.png'), 'label c'],
    ['folder spelled in two ways of Unicode', file('/data/cafe\u0301/1.png'), 'label caf\u00e9'],
    ['top of an archive', blob('/data/pets.zip!/12.png'), 'UNLABELLED'],
    ['top of a host', url('https://example.org/1.png'), 'UNLABELLED'],
    ['top of where paths begin', file('1.png'), 'UNLABELLED'],
    ['folder above', file('../1.png'), 'UNLABELLED'],
    ['IDX file', blob('/data/mnist/images.idx#12'), 'UNLABELLED'],
    ['top of an archive whose URL has a query', blob('https://example.org/a.zip?key=a/b!/1.png'), 'UNLABELLED'],
    ['folder with a line break', file('/data/a\nb/1.png'), 'UNLABELLED'],
    ['folder with too long a name', file(`/data/${'x'.repeat(201)}/1.png`), 'UNLABELLED'],
  ];
  it.each(cases)('is that of the %s', (_where, item, expected) => {
    expect(codeOf(item, 'path')).toBe(expected);
  });
});

describe('the rule', () => {
  it.each([
    ['given', 'dog', 'label dog'],
    ['given', null, 'UNLABELLED'],
    ['path', 'dog', 'label cat'],
    ['given_or_path', 'dog', 'label dog'],
    ['given_or_path', null, 'label cat'],
    ['none', 'dog', 'label null'],
  ] as const)('%s with %s given and cat by path makes %s', (from, given, expected) => {
    expect(codeOf(file('/data/cat/1.png', given), from)).toBe(expected);
  });

  it.each(['a\u0000', '\ud800'])('takes no label that cannot be written: %j', (given) => {
    expect(codeOf(file('x', given), 'given')).toBe('UNLABELLED');
  });

  it('is named, with the image, when there is no label', () => {
    const message = 'Expected a label (label.from is given), got none for /data/cat/1.png.';
    expect(labelOf(file('/data/cat/1.png'), { from: 'given' }, undefined)).toEqual({ drop: { code: 'UNLABELLED', message } });
  });
});

describe('the map', () => {
  const map = { cat: 'animal', junk: null };
  it.each([
    ['cat', 'label animal'],
    ['junk', 'LABEL_DROPPED'],
    ['dog', 'LABEL_NOT_IN_MAP'],
    ['constructor', 'LABEL_NOT_IN_MAP'],
    ['__proto__', 'LABEL_NOT_IN_MAP'],
  ])('makes %s: %s', (given, expected) => {
    expect(codeOf(file('/data/x/1.png', given), 'given', map)).toBe(expected);
  });

  it('is told what it may have meant', () => {
    const message = 'Expected a label of the label map, got "cats" (it has "cat"); add it, with null to drop it.';
    expect(labelOf(file('x', 'cats'), { from: 'given' }, map)).toEqual({ drop: { code: 'LABEL_NOT_IN_MAP', message } });
  });

  it('does not count in a dataset without labels', () => {
    expect(codeOf(file('/data/dog/1.png'), 'none', map)).toBe('label null');
  });
});

describe('a label map that an input brings itself', () => {
  it('fits labels and gives labels in one spelling of Unicode', () => {
    const map = checkedLabelMap({ 'cafe\u0301': 'the\u0301' });
    expect(codeOf(file('x', 'caf\u00e9'), 'given', map)).toBe('label th\u00e9');
  });
});

describe('parseLabelMap', () => {
  it('reads labels and nulls', () => {
    expect(parseLabelMap('\ufeff{"7": "seven", "cafe\u0301": "caf\u00e9", "junk": null}')).toEqual({
      7: 'seven',
      'caf\u00e9': 'caf\u00e9',
      junk: null,
    });
  });

  it('keeps a label that is named as what objects inherit', () => {
    const map = parseLabelMap('{"__proto__": "odd", "constructor": "builder"}');
    expect(codeOf(file('x', '__proto__'), 'given', map)).toBe('label odd');
    expect(codeOf(file('x', 'constructor'), 'given', map)).toBe('label builder');
  });

  it.each([
    ['seven', 'Expected a label map in JSON, got text that is none'],
    ['["a"]', 'got a list'],
    ['null', 'got null'],
    ['"a"', 'got a string'],
    ['{"a": 1}', 'Label map, "a": expected a label of 1 to 200 characters, or null to drop the image, got a number'],
    ['{"a": ["b"]}', 'got a list'],
    ['{"a": " "}', 'got an empty one'],
    ['{"a": "b\\u0000"}', 'got control characters'],
    [JSON.stringify({ a: 'x'.repeat(201) }), 'got 201'],
    ['{"cafe\u0301": "a", "caf\u00e9": "b"}', 'in two spellings'],
  ])('refuses %s', (json, message) => {
    expect(() => parseLabelMap(json)).toThrow(message);
    expect(() => parseLabelMap(json)).toThrow(DatasetError);
  });
});
