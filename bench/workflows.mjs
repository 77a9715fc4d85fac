import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import { callSteps } from '../dist/workflows/saga/calls.js';
import { runSaga } from '../dist/workflows/saga/run-saga.js';
import { enginePlan, lightPlan, STEPS } from './contract.mjs';
const bare = proxyActivities({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 1 },
});
const { step, undo } = callSteps();
/** What one writes by hand on the bare SDK: undos pushed first, unwound shielded; no ledger, no pause, no re-entry. */
export async function bareSaga({ fail }) {
  const undos = [];
  try {
    for (const name of STEPS) {
      undos.unshift(() => bare.bareUndo({ step: name, fail: false }));
      await bare.bareStep({ step: name, fail: fail && name === 'f' });
    }
  } catch (error) {
    await CancellationScope.nonCancellable(async () => {
      for (const takeBack of undos) await takeBack();
    });
    throw error;
  }
}
/** The same on the engine, with its ledger. */
export async function engineSaga(input) {
  return sixSteps(enginePlan, input);
}
/** The same with every step as a local activity. */
export async function lightSaga(input) {
  return sixSteps(lightPlan, input);
}
function sixSteps(plan, input) {
  return runSaga(plan, { input, start: undefined }, async (saga) => {
    for (const name of STEPS) {
      const call = { step: name, fail: input.fail && name === 'f' };
      await saga.step(name, () => step(call), { undo: () => undo(call) });
    }
  });
}
