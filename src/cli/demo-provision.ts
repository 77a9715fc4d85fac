import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { parse } from 'yaml';
import { PROVISION } from '../contracts/provision.ts';
import { decide, listApprovals } from '../client/approvals.ts';
import { checkDrift } from '../client/drift.ts';
import { restoreDrift } from '../client/provision/restore.ts';
import { startSaga, type StartedRun } from '../client/start.ts';
import type { SagaRun } from '../contracts/ledger.ts';
import { compareTruth, startCloud, type DemoCloud } from './demo/cloud-emulated.ts';
import { runOne, showOne } from './demo/run-one.ts';
import { runDemo, say, type DemoStage } from './demo/with-stack.ts';
import { colorsFor } from './text/colors.ts';
import { driftTable } from './text/drift-text.ts';

const EXAMPLE = new URL('../../examples/provision-stack.yaml', import.meta.url);

/** `npm run demo:provision`: stacks of cloud resources by saga, on an emulator whose truth is compared with the ledger after each. */
async function show(stage: DemoStage, cloud: DemoCloud): Promise<void> {
  // Of its own each time: the ledger of an earlier demo stays, its cloud does not.
  const mark = randomBytes(3).toString('hex');
  const stacks = [`shop-${mark}`, `blog-${mark}`] as const;
  const example = parse(await readFile(EXAMPLE, 'utf8')) as object;
  const ended = async (closed: Promise<SagaRun>, expected: string): Promise<void> => {
    const { status } = await closed;
    if (status !== expected) throw new Error(`expected a run that is ${expected}, got ${status}`);
    await compareTruth(stage, cloud, stacks);
  };
  const run = (input: object): Promise<SagaRun> => runOne(stage, { kind: PROVISION, input });
  say('\n1. A VPC, two droplets, an attached volume, a firewall and a reserved IP.\n');
  await ended(run({ ...example, stack: stacks[0] }), 'completed');
  cloud.emulator.addFaults([{ match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 }]);
  say('\n2. A second stack, whose last step is refused: nothing of it stays.\n');
  await ended(run({ ...example, stack: stacks[1] }), 'rolled_back');
  cloud.emulator.clearFaults();
  say('\n3. Somebody resizes a droplet of the first one, and deletes the other. Drift shows it; what people agree to is restored.\n');
  changeOutside(cloud);
  await ended(restore(stage, stacks[0]), 'completed');
  say('\n4. The first one suspended: a snapshot, and its droplets off.\n');
  await ended(run({ kind: 'suspension', stack: stacks[0] }), 'completed');
  say('\n5. The first one offboarded, once people agree.\n');
  const offboarding = await startSaga(stage.cerebros, { kind: PROVISION, input: { kind: 'offboarding', stack: stacks[0] } });
  await ended(approved(stage, offboarding), 'completed');
}

function changeOutside({ emulator }: DemoCloud): void {
  const [first, second] = emulator.truth().resources.droplets;
  emulator.change({ type: 'droplet', id: first?.id ?? 0, set: { size_slug: 's-2vcpu-2gb' } });
  emulator.change({ type: 'droplet', id: second?.id ?? 0, delete: true });
}

async function restore(stage: DemoStage, stack: string): Promise<SagaRun> {
  const { resources } = await checkDrift(stage.cerebros, { stack });
  say(driftTable(resources, { colors: colorsFor({ env: process.env, tty: process.stdout.isTTY ?? false }), width: 120 }));
  const [restoring] = await restoreDrift(stage.cerebros, { stack });
  if (!restoring?.run) throw new Error('expected drift to restore, got none');
  const run = await approved(stage, restoring.run);
  const { counts } = await checkDrift(stage.cerebros, { stack });
  say(`\nDrift now: ${counts.in_sync} in sync, ${counts.drifted + counts.missing} not`);
  return run;
}

/** Follows a run whose first step asks people, and agrees for them. */
async function approved(stage: DemoStage, started: StartedRun): Promise<SagaRun> {
  const closed = showOne(stage, started);
  const ask = async (): Promise<void> => {
    const waiting = await listApprovals(stage.cerebros, { saga_id: started.execution_id });
    if (waiting.length === 0) return setTimeout(200).then(ask);
    await decide(stage.cerebros, started.execution_id, 'approve', { decision: 'approved', by: 'the demo' });
    say(`  cerebros approve ${started.execution_id} approve   (done by this demo)`);
  };
  await Promise.race([ask(), closed]);
  return closed;
}

const cloud = await startCloud();
await runDemo({ name: 'demo-provision', env: cloud.env, show: (stage) => show(stage, cloud) });
await cloud.emulator.close();
