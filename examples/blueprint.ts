/**
 * Registers a blueprint from a program of one's own, starts it and waits for it. Build once (`npm run build`), start a stack
 * (`npx cerebros dev`) and a worker for the steps (`node dist/examples/step-worker.js`), then run `node dist/examples/blueprint.js`,
 * and say yes: `npx cerebros approve ID load`.
 */
import { connect, registerBlueprint, startSaga, waitClosed, type Blueprint } from 'cerebros';

const definition: Blueprint = {
  name: 'report-of-a-program',
  version: '1',
  steps: [
    { name: 'extract', queue: 'reports' },
    { name: 'transform', queue: 'reports', needs: ['extract'] },
    { name: 'load', queue: 'reports', needs: ['transform'], undo: { task_type: 'unload' } },
  ],
};

const cerebros = connect();
try {
  const { name, version, sha256 } = await registerBlueprint(cerebros, definition);
  console.log(`registered ${name}@${version} (${sha256})`);
  const input = { blueprint: `${name}@${version}`, inputs: { table: 'orders', rows: [3, 4, 5] } };
  const { execution_id } = await startSaga(cerebros, { kind: 'blueprint', input, as: 'a program' });
  console.log(`started ${execution_id}`);
  const run = await waitClosed(cerebros, execution_id);
  console.log(run.status, run.result ?? run.error);
  process.exitCode = run.status === 'completed' ? 0 : 1;
} finally {
  await cerebros.close();
}
