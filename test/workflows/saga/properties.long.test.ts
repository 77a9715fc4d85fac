import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomCase, violations, type Nudge, type Observed, type RandomCase } from '../../support/random-plans.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { endOf, type RunEnd } from '../../support/saga-runs.ts';
import { until } from '../../support/until.ts';

describe('runPlan on a server, with random plans, failures, cancels and pauses', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('undoes every completed step exactly once, after what depends on it, or names it', async () => {
    const property = fc.asyncProperty(randomCase(10), async (random) => {
      expect(violations(random, await runCase(random))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 50, endOnFailure: true });
  });

  async function runCase(random: RandomCase): Promise<Observed> {
    const handle = await rig.startScripted({ steps: random.steps });
    const id = handle.workflowId;
    let over = false;
    const end = endOf(handle).finally(() => (over = true));
    const send = ({ what }: Nudge): Promise<unknown> => (what === 'cancel' ? handle.cancel() : handle.executeUpdate(what));
    for (const nudge of random.nudges) {
      // A paused run makes no effects, so a nudge does not wait for its moment for ever.
      await until(() => over || rig.effects.all(id).length >= nudge.after, 500).catch(() => undefined);
      // Refused, or too late: both are legal.
      if (!over) await send(nudge).catch(() => undefined);
    }
    const close = closeOf(await end);
    const seen = rig.effects.all(id).map(({ step, phase, outcome }, from) => ({ step, phase, outcome, from }));
    return { seen, rows: await rig.rows(id), close };
  }
});

function closeOf({ temporal, close }: RunEnd): Observed['close'] {
  if (temporal === 'completed') return { status: 'completed' };
  if (temporal === 'cancelled') return { status: 'canceled' };
  if (!close) throw new Error('the run failed without a word on how');
  return close;
}
