import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/client/canonical-json.ts';
import { prepareInput } from '../../src/client/prepare-input.ts';
import { workflowOptions } from '../../src/client/start-options.ts';

const proof = (steps: readonly string[], message = 'x') => prepareInput('proof', { steps, inputs: { message } });

describe('prepareInput', () => {
  it('fills defaults in and makes the plan', async () => {
    const { input, plan } = await prepareInput('training-run', { model_name: 'mlp', dataset_name: 'digits' });
    expect(input).toMatchObject({ seed: 0, checkpoint_interval: 1 });
    expect(plan.steps[0]?.name).toBe('validate_inputs');
  });

  it('refuses what is larger than Temporal takes, before anything is sent', async () => {
    const blocks = Array.from({ length: 8 }, () => ({ type: 'dense', units: 4 }));
    const config = { model: { blocks: [...blocks, ...Array.from({ length: 8 }, () => ({ type: 'dense', units: 4 }))] } };
    await expect(prepareInput('training-run', { model_name: 'custom', dataset_name: 'digits', config })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      exitCode: 2,
    });
    await expect(
      proof(
        Array.from({ length: 500 }, () => 'echo'),
        'x'.repeat(10_000),
      ),
    ).resolves.toHaveProperty('plan.steps.length', 500);
    await expect(proof(Array.from({ length: 501 }, () => 'echo'))).rejects.toMatchObject({ exitCode: 2 });
  });

  it('reads no files for those who may not name them', async () => {
    await expect(
      prepareInput('training-run', { model_name: 'mlp', dataset_name: 'digits', config_path: '/etc/passwd' }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('config_path') as string });
  });
});

describe('canonicalJson', () => {
  it('is the same for equal values, whatever the order of keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe(canonicalJson({ a: null, b: [{ c: 2, d: 1 }] }));
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });
});

describe('workflowOptions', () => {
  it('has no execution timeout, and a summary that fits', () => {
    const options = workflowOptions({
      id: 'x',
      queue: 'q',
      input: null,
      start: {},
      memo: { kind: 'k', plan: [] },
      status: 'running',
      summary: 'ü'.repeat(300),
      web_url: null,
      again: false,
    });
    expect(options).not.toHaveProperty('workflowExecutionTimeout');
    expect(options).not.toHaveProperty('workflowRunTimeout');
    expect(Buffer.byteLength(options.staticSummary ?? '')).toBeLessThanOrEqual(200);
  });
});
