import { startSaga } from '../../client/start.ts';
import type { CliContext } from '../context.ts';
import type { StartFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { readInput } from '../read-input.ts';
import { sayRun } from '../say-run.ts';
import { useCerebros } from '../use-cerebros.ts';
import { userOf } from '../user.ts';

/** `start KIND` */
export async function start(this: CliContext, flags: StartFlags, kind: string): Promise<void> {
  const output = outputOf(this, flags);
  const { value, base_dir } = await readInput(this, flags.input, flags.set);
  await useCerebros(this, flags, async (cerebros) => {
    const { id, at, onFailure: on_failure, maxRecoveryAttempts: max_recovery_attempts } = flags;
    const as = flags.as ?? userOf(this);
    const started = await startSaga(cerebros, { kind, input: value, id, at, on_failure, max_recovery_attempts, as, base_dir });
    await sayRun(this, { cerebros, output, started, wait: flags.wait === true });
  });
}
