import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import { exportDataset } from '../../src/training/datasets/export-idx.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';

let folder: string;
let artifacts: ArtifactStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cerebros-export-'));
  artifacts = new ArtifactStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function readIdx(uri: string): Promise<{ dimensions: number[]; values: Uint8Array }> {
  const bytes = Buffer.from(await artifacts.get(uri));
  expect([...bytes.subarray(0, 3)]).toEqual([0, 0, 8]);
  const dimensions = Array.from({ length: bytes[3] ?? 0 }, (_, index) => bytes.readUInt32BE(4 + 4 * index));
  return { dimensions, values: new Uint8Array(bytes.subarray(4 + 4 * dimensions.length)) };
}

describe('exportDataset', () => {
  for (const [id, limit, white] of [
    ['digits', null, 16],
    ['mnist', { train: 300, validation: 40, test: 50 }, 255],
  ] as const) {
    it(`writes the images and labels of every split of ${id}, as a training sees them`, async () => {
      const { info, splits } = loadDataset(id, { limit });
      const files = await exportDataset(artifacts, id, limit);
      for (const name of ['train', 'validation', 'test'] as const) {
        const { count, labels } = splits[name];
        expect(await readIdx(files[`${name}_labels`])).toEqual({ dimensions: [count], values: labels });
        const { dimensions, values } = await readIdx(files[`${name}_images`]);
        expect(dimensions).toEqual([count, info.input.height, info.input.width]);
        const seen = new Float32Array(values.length);
        splits[name].copyPixels(seen, (row) => row);
        const inks = [values.map((byte) => Math.round((byte / 255) * white)), Uint8Array.from(seen, (pixel) => Math.round(pixel * white))];
        expect(inks[0]).toEqual(inks[1]);
        expect([0, 255].map((byte) => values.includes(byte))).toEqual([true, true]);
      }
    });
  }

  it('writes the same files again', async () => {
    expect(await exportDataset(artifacts, 'digits', { train: 10 })).toEqual(await exportDataset(artifacts, 'digits', { train: 10 }));
  });

  it('writes a file of MNIST byte for byte as it was published', async () => {
    const { test_labels } = await exportDataset(artifacts, 'mnist', { train: 1, validation: 1 });
    expect(test_labels).toBe('artifact:sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2');
  });
});
