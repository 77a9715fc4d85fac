// The recorded jobs: their steps are external ones, which the step worker answers.
import { fails, sleeps } from './step-worker.mjs';

const HOUR_MS = 3_600_000;

const task = (name, says = [], dependencies = []) => ({
  name,
  task_type: 'recorded',
  handler: 'answer',
  queue: 'recorded',
  external: true,
  max_retries: 0,
  dependencies,
  undo: 'takeBack',
  inputs: { says },
});
const chain = (ms) => [task('fetch'), task('rest', [sleeps(ms)], ['fetch']), task('tell', [], ['rest'])];

/** Recipes by name, of the recorder's commands and looks at a run. */
export function jobRecipes({ cerebros, closed, reaches, start }) {
  const asleep = async (id, ms) => {
    await cerebros(['start', 'job', '--input', '-', '--id', id], { definition: { name: 'recorded', steps: chain(ms) } });
    await reaches(id, 'rest', 'sleeping');
  };
  const failing = (id) =>
    start('job', id, { definition: { name: 'recorded', steps: [task('fetch'), task('load', [fails('NO_ROOM')], ['fetch'])] } });
  return {
    'job-completed': (id) => start('job', id, { definition: { name: 'recorded', steps: chain(500) } }),
    'job-halted': failing,
    'job-cancelled': async (id) => {
      await failing(id);
      await cerebros(['cancel', id]);
      await closed(id);
    },
    'job-recovered': async (id) => {
      await asleep(id, 8000);
      await cerebros(['halt', id]);
      await closed(id);
      await cerebros(['recover', id, '--from-step', 'rest', '--wait']);
    },
    'job-skipped': async (id) => {
      await asleep(id, HOUR_MS);
      await cerebros(['skip', id, 'tell', '--result', '-'], { told: 'by hand' });
      await cerebros(['wake', id, 'rest']);
      await closed(id);
    },
  };
}
