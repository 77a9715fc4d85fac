// The recorded stacks: their cloud is an emulator in this process.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createEmulator } from '../../dist/cloud/emulator/create-emulator.js';
import { seedDefaultVpcs } from '../../dist/cloud/emulator/seed.js';

const EXAMPLE = parse(readFileSync(new URL('../../examples/provision-stack.yaml', import.meta.url), 'utf8'));
const REFUSED = { match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 };

/** A cloud, and the variables that send workers there. */
export async function openCloud() {
  const emulator = await createEmulator();
  await seedDefaultVpcs(emulator);
  const env = { CEREBROS_CLOUD_URL: emulator.url, CEREBROS_CLOUD_TOKEN: 'dop_v1_of_the_recorder_only', CEREBROS_CLOUD_GAP_MS: '1000' };
  return { emulator, env };
}

/** With one droplet smaller, and the other in the place of a third. */
function changed(stack) {
  const edits = {
    'web-1': (one) => ({ ...one, spec: { ...one.spec, size: 's-2vcpu-2gb' } }),
    'web-2': (one) => ({ ...one, name: 'web-3' }),
  };
  const resources = EXAMPLE.resources.filter(({ type }) => type !== 'firewall').map((one) => edits[one.name]?.(one) ?? one);
  return { ...EXAMPLE, stack, resources };
}

/** Recipes by name, of the recorder's commands and a cloud. */
export function provisionRecipes({ cerebros, closed, reaches, start, until, cloud: { emulator } }) {
  const stack = (id) => ({ ...EXAMPLE, stack: id });
  const under = async (faults, act) => {
    emulator.addFaults(faults);
    await act();
    emulator.clearFaults();
  };
  const stuck = (id) =>
    under([REFUSED, { match: { method: 'DELETE', path: '^/v2/volumes/' }, fault: '401', times: 100 }], () =>
      start('provision', id, stack(id)),
    );
  return {
    'provision-completed': (id) => start('provision', id, stack(id)),
    'provision-suspended': (id) => start('provision', id, { kind: 'suspension', stack: 'provision-completed' }),
    ...changeRecipes({ cerebros, closed, reaches, under }),
    'provision-rolled-back': (id) => under([REFUSED], () => start('provision', id, stack(id))),
    'provision-stuck': stuck,
    'provision-undo-retried': async (id) => {
      await stuck(id);
      await cerebros(['undo', 'retry', id]);
    },
    'provision-cancelled': (id) =>
      under([{ match: { method: 'GET', path: '^/v2/droplets/\\d+$' }, fault: 'slow', delay_ms: 20_000, times: 100 }], async () => {
        await cerebros(['start', 'provision', '--input', '-', '--id', id], stack(id));
        await until(() => emulator.faults().fired.slow > 0, `the wait of ${id}`);
        await cerebros(['cancel', id]);
        await closed(id);
      }),
  };
}

/** What happens to the stack of 'provision-completed' later. */
function changeRecipes({ cerebros, closed, reaches, under }) {
  const offboard = async (id, decision) => {
    await cerebros(['start', 'provision', '--input', '-', '--id', id], { kind: 'offboarding', stack: 'provision-completed' });
    await reaches(id, 'approve', 'waiting');
    await cerebros([decision, id, 'approve', '--as', 'recorder']);
    await closed(id);
  };
  return {
    'provision-rejected': (id) => offboard(id, 'reject'),
    'provision-updated': (id) => cerebros(['provision', 'apply', '--input', '-', '--id', id, '--wait'], changed('provision-completed')),
    'provision-update-rolled-back': (id) =>
      under([{ match: { method: 'DELETE', path: '^/v2/droplets/' }, fault: '401', times: 1 }], async () => {
        await cerebros(['provision', 'apply', '--input', '-', '--id', id], { ...EXAMPLE, stack: 'provision-completed' });
        await closed(id);
      }),
    'provision-offboarded': (id) => offboard(id, 'approve'),
  };
}
