/** `cerebros/worker`: what a worker of one's own needs to serve own sagas; see docs/own-sagas.md. */
import { createKeepValue } from './activities/keep-value.ts';
import { createLedgerActivities, type LedgerDependencies } from './activities/ledger.ts';

export { serveSteps, setWorkerIdentity, WithSteps, type StepContext } from './activities/serve-steps.ts';
export { SAGA_MEMO, type SagaMemo, type SagaStart } from './contracts/saga-start.ts';
export { SEARCH_ATTRIBUTES } from './contracts/search-attributes.ts';
export { DATA_CONVERTER } from './data-converter.ts';
export { closeLedger, openLedger, type Sql } from './ledger/connection.ts';
export { migrate } from './ledger/migrate.ts';

/** The engine's own activities: every worker that runs sagas registers them beside its steps. */
export function engineActivities(dependencies: LedgerDependencies): object {
  return { ...createLedgerActivities(dependencies), ...createKeepValue() };
}
