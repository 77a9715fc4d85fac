import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proofPlan, type ProofInput } from '../../src/contracts/proof.ts';
import { startRig, type Rig } from '../support/rig.ts';

describe('proof', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('completes with what each echo put into the context', async () => {
    const input: ProofInput = { steps: ['echo', 'echo', 'echo'], inputs: { message: 'hello' } };
    const handle = await rig.startWorkflow('proof', proofPlan(input), [input]);
    await handle.result();
    const run = await rig.rows(handle.workflowId);
    expect(run.status).toBe('completed');
    expect(run.context).toEqual({ echoed_at_step_0: 'hello', echoed_at_step_1: 'hello', echoed_at_step_2: 'hello' });
    expect(run.steps.map((step) => step.status)).toEqual(['completed', 'completed', 'completed']);
  });

  it('is rolled back when a step fails, and its ledger says from where', async () => {
    const input: ProofInput = { steps: ['echo', 'echo', 'fail'], inputs: { message: 'hello' } };
    const handle = await rig.startWorkflow('proof', proofPlan(input), [input]);
    await expect(handle.result()).rejects.toThrow('Workflow execution failed');
    const run = await rig.rows(handle.workflowId);
    expect(run.status).toBe('rolled_back');
    expect(run.error).toMatchObject({ reason: 'step_failed:fail', compensate_from_idx: 1 });
    expect(run.steps.map((step) => step.status)).toEqual(['compensated', 'compensated', 'failed']);
  });
});
