import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import {
  closed,
  differences,
  eventsOf,
  findings,
  held,
  Hold,
  noop,
  resultOf,
  searched,
  statusOf,
  viewOf,
} from '../support/nas-searches.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';
import { until } from '../support/until.ts';

const INPUT = noop({ epochs: 3, budget: { max_trials: 6 } });

let servers: OwnServers;
let rig: NasRig;
beforeAll(async () => {
  servers = await startOwnServers();
  rig = await startNasRig({ servers });
});
afterAll(async () => {
  servers.thawPostgres();
  await rig.stop();
  await servers.stop();
});

describe('a search whose Postgres is away', () => {
  it.each([
    { how: 'frozen', begin: async () => servers.freezePostgres(), end: async () => servers.thawPostgres() },
    { how: 'killed', begin: () => servers.killPostgres(), end: () => servers.startPostgres() },
  ])('goes on to its last trial, and once it is back has all trials and events, each once: $how', async ({ how, begin, end }) => {
    const calm = `calm-${how}`;
    resultOf(await searched(rig, calm, INPUT));
    const hold = await held(rig, how, INPUT, { hold: new Hold(rig, how, ({ to_epoch }) => to_epoch === 1) });
    await begin();
    hold.letGo();
    // The winner is trained when the study is over, and that it is only when the table has everything.
    await until(async () => (await viewOf(rig, how)).status === 'done', 30_000, 'the last trial');
    expect(await viewOf(rig, how)).toMatchObject({ trials: { started: 6, running: 0, waiting: 0 } });
    expect(await statusOf(rig, how), 'it does not close before its rows are there').toBe('RUNNING');
    await end();
    expect(resultOf(await closed(rig, how))).toEqual({ ...resultOf(await closed(rig, calm)), run_id: how });
    expect(await findings(rig, how)).toEqual(await findings(rig, calm));
    const [events, undisturbed] = [await eventsOf(rig, how), await eventsOf(rig, calm)];
    expect(events.toSorted()).toEqual(undisturbed.toSorted());
    expect([events[0], events.at(-1)]).toEqual(['cerebros.nas.run.started', 'cerebros.nas.run.completed']);
    expect(await differences(rig, how)).toEqual([]);
  });
});
