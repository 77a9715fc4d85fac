import { afterAll, beforeAll, expect, it } from 'vitest';
import { startJobOwnerRig, type JobOwnerRig } from '../support/job-owner-rig.ts';
import { cerebros } from './fake-context.ts';

let jobs: JobOwnerRig;
beforeAll(async () => void (jobs = await startJobOwnerRig()));
afterAll(() => jobs.stop());

it('watch says what a running step says of itself: with a bar on a terminal, in lines when piped, and 100 at the end', async () => {
  const id = await jobs.start();
  const watch = (tty: boolean, onShown: (text: string) => void) =>
    cerebros(['watch', id], { tty, connect: () => Promise.resolve(jobs.connect()), onStdout: onShown, env: { NO_COLOR: '1' } });
  let [onTerminal, piped] = [false, false];
  const openOnce = (): void => void (onTerminal && piped && jobs.open());
  const [drawn, lines] = await Promise.all([
    watch(true, (text) => {
      onTerminal ||= text.includes('35 %');
      openOnce();
    }),
    watch(false, (text) => {
      piped ||= text.includes('35 %');
      openOnce();
    }),
  ]);
  expect(drawn.stdout).toContain('0  build    running  [####......] 35 % 20 images');
  expect(drawn.stdout).toContain('[####................] 17.5 % running');
  expect(drawn.stdout).toContain('[####################] 100.0 % completed, 2 of 2 steps');
  const said = lines.stdout.trimEnd().split('\n');
  expect(said).toContain('0 build 35 % 20 images');
  expect(said).toContain(`${id} running 17.5 %`);
  expect(said.at(-1)).toBe(`${id} completed 100.0 %`);
  expect(lines.stdout).not.toContain('\u001b');
});
