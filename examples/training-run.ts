/**
 * Starts a training run from a program of one's own and waits for it. Build once (`npm run build`), start a stack (`npx cerebros dev`),
 * then run `node dist/examples/training-run.js`.
 */
import { connect, startSaga, waitClosed } from 'cerebros';

const cerebros = connect();
try {
  const input = {
    model_name: 'mlp-small',
    dataset_name: 'digits',
    config: { epochs: 20, batch_size: 32, learning_rate: 0.005 },
    checkpoint_interval: 5,
    seed: 7,
  };
  const { execution_id } = await startSaga(cerebros, { kind: 'training-run', input });
  console.log(`started ${execution_id}`);
  const run = await waitClosed(cerebros, execution_id);
  console.log(run.status, run.result ?? run.error);
  process.exitCode = run.status === 'completed' ? 0 : 1;
} finally {
  await cerebros.close();
}
