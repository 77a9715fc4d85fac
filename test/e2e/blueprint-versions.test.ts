import { afterAll, beforeAll, expect, it } from 'vitest';
import { getBlueprint } from '../../src/client/blueprints.ts';
import { startSaga } from '../../src/client/start.ts';
import type { Blueprint, BlueprintRow, BlueprintStep } from '../../src/contracts/blueprint.ts';
import type { Said } from '../support/cli.ts';
import { scripted, startStepWorld, type StepWorld } from '../support/step-world.ts';

let world: StepWorld;
beforeAll(async () => void (world = await startStepWorld()));
afterAll(() => world.stop());

const blueprint = (version: string, ...steps: readonly BlueprintStep[]): Blueprint => ({ name: 'nap', version, steps });
const FIRST = blueprint('1', scripted('rest'), scripted('rise', { needs: ['rest'] }));
const SECOND = blueprint('2', scripted('rest'), scripted('stretch', { needs: ['rest'] }), scripted('run', { needs: ['stretch'] }));
const SLEEP = { status: 'SLEEP', duration_ms: 3_600_000, data: null };

const register = (definition: Blueprint): Promise<Said> =>
  world.stack.cli(['blueprint', 'register', '-', '--as', 'ada'], { input: JSON.stringify(definition) });

it('a run finishes with the version it began with, whatever is registered while it sleeps', async () => {
  const first = (await register(FIRST)).json as BlueprintRow;
  world.script('old', { rest: [SLEEP] });
  await world.stack.ask(['start', 'blueprint', '--input', '-', '--id', 'old'], { input: '{"blueprint":"nap"}' });
  await world.shows('old', ({ steps }) => steps[0]?.status === 'sleeping');
  const changed = await register({ ...SECOND, version: '1' });
  expect({ code: changed.code, stdout: changed.stdout }).toEqual({ code: 5, stdout: '' });
  expect(changed.stderr).toContain('a registered version never changes');
  expect(await getBlueprint(world.cerebros, 'nap@1')).toEqual(first);
  expect((await register(SECOND)).code).toBe(0);
  await startSaga(world.cerebros, { kind: 'blueprint', id: 'new', input: { blueprint: 'nap' } });
  await world.stack.ask(['wake', 'old', 'rest']);
  expect(await finished('new')).toEqual(['rest', 'stretch', 'run']);
  expect(await finished('old')).toEqual(['rest', 'rise']);
  expect((await world.show('old')).inputs).toMatchObject({ blueprint: FIRST, sha256: first.sha256 });
});

/** The steps of a run that have completed by its end. */
async function finished(id: string): Promise<readonly string[]> {
  const { status, steps } = await world.closed(id);
  expect(status).toBe('completed');
  expect(await world.verify(id)).toEqual({ id, status: 'ok', differences: [] });
  return steps.flatMap((step) => (step.status === 'completed' ? [step.step_name] : []));
}
