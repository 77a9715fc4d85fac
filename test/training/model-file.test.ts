import { describe, expect, it } from 'vitest';
import { loadModel, modelSha256 } from '../../src/training/model-file.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { digitsSpec, everyLayer, smallDigits } from './specs.ts';

const dataset = smallDigits();
const trainer = createTrainer({ spec: digitsSpec(everyLayer), dataset, seed: 1 });
trainer.trainUntil();
const bytes = trainer.model();

describe('model file', () => {
  it('predicts what the trainer predicts', () => {
    const model = loadModel(bytes);
    expect(model).toMatchObject({ datasetId: 'digits', paramCount: trainer.paramCount });
    expect(model.evaluate(dataset.splits.test)).toEqual(trainer.evaluate('test'));
  });

  it('gives probabilities that sum to 1 and agree with the accuracy', () => {
    const model = loadModel(bytes);
    const { test } = dataset.splits;
    let correct = 0;
    for (let image = 0; image < test.count; image++) {
      const pixels = new Float32Array(64);
      test.copyPixels(pixels, () => image);
      const probabilities = model.predict(pixels);
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      if (probabilities.indexOf(Math.max(...probabilities)) === test.labels[image]) correct++;
    }
    expect(correct / test.count).toBe(trainer.evaluate('test').accuracy);
  });

  it('is refused when it is cut short, changed or a checkpoint', () => {
    for (const other of [bytes.subarray(0, -4), bytes.subarray(0, 20), trainer.checkpoint()]) {
      expect(() => loadModel(other)).toThrow(expect.objectContaining({ code: 'MODEL_CORRUPT' }));
    }
  });

  it('refuses an image of another size', () => {
    expect(() => loadModel(bytes).predict(new Float32Array(784))).toThrow('Expected 64 pixels for this model, got 784.');
  });

  it('is named by the hash of its bytes', () => {
    expect(modelSha256(bytes)).toMatch(/^[0-9a-f]{64}$/);
  });
});
