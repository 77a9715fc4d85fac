// The recorded checks of the cloud, which all have the same id.
const ID = 'cerebros-check-cloud';

/** Recipes by name, of the recorder's commands, its client and a cloud. */
export function checkCloudRecipes({ cerebros, history, cancel, until, cloud: { emulator } }) {
  return {
    'check-cloud-completed': async () => {
      await cerebros(['drift']);
      return await history(ID);
    },
    'check-cloud-cancelled': async () => {
      emulator.addFaults([{ match: { method: 'GET', path: '^/v2/vpcs$' }, fault: 'slow', delay_ms: 20_000, times: 100 }]);
      const checking = cerebros(['drift'], undefined, [1]);
      await until(() => emulator.faults().fired.slow > 0, 'the check to look');
      await cancel(ID);
      await checking;
      emulator.clearFaults();
      return await history(ID);
    },
  };
}
