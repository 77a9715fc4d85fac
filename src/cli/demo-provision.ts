import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { PROVISION } from '../contracts/provision.ts';
import { compareTruth, startCloud, type DemoCloud } from './demo/cloud-emulated.ts';
import { runOne } from './demo/run-one.ts';
import { runDemo, say, type DemoStage } from './demo/with-stack.ts';

const EXAMPLE = new URL('../../examples/provision-stack.yaml', import.meta.url);

/** `npm run demo:provision`: stacks of cloud resources by saga, on an emulator whose truth is compared with the ledger after each. */
async function show(stage: DemoStage, cloud: DemoCloud): Promise<void> {
  // Of its own each time: the ledger of an earlier demo stays, its cloud does not.
  const mark = randomBytes(3).toString('hex');
  const stacks = [`shop-${mark}`, `blog-${mark}`] as const;
  const example = parse(await readFile(EXAMPLE, 'utf8')) as object;
  const act = async (title: string, input: object, expected: string): Promise<void> => {
    say(`\n${title}\n`);
    const { status } = await runOne(stage, { kind: PROVISION, input });
    if (status !== expected) throw new Error(`expected a run that is ${expected}, got ${status}`);
    await compareTruth(stage, cloud, stacks);
  };
  await act('1. A VPC, two droplets, an attached volume, a firewall and a reserved IP.', { ...example, stack: stacks[0] }, 'completed');
  cloud.emulator.addFaults([{ match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 }]);
  await act('2. A second stack, whose last step is refused: nothing of it stays.', { ...example, stack: stacks[1] }, 'rolled_back');
  await act('3. The first one suspended: a snapshot, and its droplets off.', { kind: 'suspension', stack: stacks[0] }, 'completed');
  await act('4. The first one offboarded.', { kind: 'offboarding', stack: stacks[0] }, 'completed');
}

const cloud = await startCloud();
await runDemo({ name: 'demo-provision', env: cloud.env, show: (stage) => show(stage, cloud) });
await cloud.emulator.close();
