import { createEmulator } from '../../cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../cloud/emulator/seed.ts';
import type { PortChoice } from '../../stack/ports.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { listenForInterrupts } from '../dev/interrupts.ts';
import { outputOf } from '../output.ts';

export interface CloudEmulatorFlags extends GlobalFlags {
  readonly port?: PortChoice;
  readonly stateFile?: string;
}

const PORT = 8484;

/** `cloud-emulator`: serves until it is told to stop. */
export async function cloudEmulator(this: CliContext, flags: CloudEmulatorFlags): Promise<void> {
  const output = outputOf(this, flags);
  const interrupts = listenForInterrupts(() => process.exit(130));
  const { port = PORT, stateFile: state_file } = flags;
  const emulator = await createEmulator({ port: port === 'auto' ? 0 : port, ...(state_file === undefined ? {} : { state_file }) });
  try {
    await seedDefaultVpcs(emulator);
    output.data(
      { url: emulator.url },
      () => `The emulator of the cloud is at ${emulator.url}; what there really is: ${emulator.url}/__truth`,
    );
    output.note(`on a worker: CEREBROS_CLOUD_URL=${emulator.url} and any CEREBROS_CLOUD_TOKEN of 20 characters; Ctrl-C stops it`);
    await interrupts.first;
  } finally {
    await emulator.close();
    interrupts.dispose();
  }
}
