import { describe, expect, it } from 'vitest';
import { rebuildRun } from '../../../src/client/rebuild.ts';
import type { SagaRun } from '../../../src/contracts/ledger.ts';
import { formatVersion } from '../../../src/contracts/version.ts';
import { payload, returned } from '../../support/history-builder.ts';
import { rolledBack, rows, running, sources, verify } from '../../support/history-rows.ts';

describe('a rebuild', () => {
  it('of an open run agrees with the history and is overwritten by the next task', async () => {
    const { history, b } = running();
    history.completed(b, payload(returned(2)));
    const run = rows(history);
    expect((await verify(run, history)).status).toBe('ok');
    const next = formatVersion({ run_no: 1, history_length: history.taskStarted(), n: 0 });
    expect(next).toBeGreaterThan(run.version);
    expect(run.steps[1]).toMatchObject({ status: 'running', version: run.version });
  });

  it('writes the rows of a closed run, and keeps the context that outputs do not tell', async () => {
    const history = rolledBack();
    const written: SagaRun[] = [];
    const from = { ...sources(undefined, history), writeRun: async (run: SagaRun) => void written.push(run) };
    const run = await rebuildRun(from, 'r');
    expect(written).toEqual([run]);
    expect(run).toMatchObject({ status: 'rolled_back', current_step_idx: 1, job_id: 'r', context: { a: { v: 'x\0y' } } });
    expect(await rebuildRun({ ...from, fetchHistory: async () => undefined }, 'r')).toBeUndefined();
  });
});
