// npm run test:resurrection [-- --times N], after a build. Kills Temporal and both workers with SIGKILL while a step in Python sleeps,
// starts them again on the same data, and sees the run finish as if nothing had happened; says what it does, line by line.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LATE_MS_MAX } from './evidence.mjs';
import { say } from './say.mjs';
import { resurrect, SCENARIOS } from './scenario.mjs';
import { startWorld } from './world.mjs';

const TIMES_MAX = 1000;
const ENVIRONMENT = fileURLToPath(new URL('../../scripts/python-env.mjs', import.meta.url));

// So that the workers end with us; the servers have watchdogs.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
try {
  process.exitCode = await main();
} catch (error) {
  say('FAILED', error.stack);
  process.exitCode = 1;
}

async function main() {
  const times = readTimes();
  const python = findPython();
  if (python === undefined) return process.env.CI === 'true' ? 1 : 0;
  const figures = [];
  for (let time = 1; time <= times; time += 1) {
    say('time', `${time} of ${times}`);
    figures.push(...(await once(python, time)));
  }
  sumUp(times, figures);
  return 0;
}

function readTimes() {
  const { values } = parseArgs({ options: { times: { type: 'string', default: '1' } } });
  const times = Number(values.times);
  if (Number.isInteger(times) && times >= 1 && times <= TIMES_MAX) return times;
  throw new Error(`--times: expected a whole number from 1 to ${TIMES_MAX}, got ${values.times}`);
}

/** As `test/support/python.ts`; undefined when there is none. */
function findPython() {
  const named = process.env.CEREBROS_PYTHON;
  try {
    if (named) return answerOf(named, ['-c', 'import sys, cerebros; print(sys.executable)']);
    return answerOf(process.execPath, [ENVIRONMENT]);
  } catch (error) {
    const cure = 'install Python 3.10 or later with venv (and the network, once), or name one that has workers/python in CEREBROS_PYTHON';
    say('NOT RUN', `${(error.stderr || error.message).trim().split('\n').at(-1)}; ${cure}`);
    return undefined;
  }
}

function answerOf(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** All scenarios on a stack of their own, whose files are kept only when something failed. */
async function once(python, time) {
  const world = await startWorld(python);
  const figures = [];
  try {
    for (const scenario of SCENARIOS) figures.push(await resurrect(world, scenario, `resurrection-${time}-${scenario.name}`));
  } catch (error) {
    say('failed', `logs and data are kept in ${world.place.dataDir}`);
    throw error;
  } finally {
    await world.stop();
  }
  world.remove();
  return figures;
}

function sumUp(times, figures) {
  const kills = figures.reduce((sum, figure) => sum + figure.kills, 0);
  say(
    'PASSED',
    `${times} of ${times} times: ${figures.length} runs, ${kills} kills, none early, no step completed twice, all data carried`,
  );
  for (const { name, title } of SCENARIOS) {
    const late = figures.filter((figure) => figure.name === name).map(({ lateMs }) => lateMs);
    say('late', `${title}: ${Math.min(...late)} to ${Math.max(...late)} ms, at most ${LATE_MS_MAX} allowed`);
  }
}
