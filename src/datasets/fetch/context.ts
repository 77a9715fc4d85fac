import type { DownloadRules } from '../../contracts/dataset-build.ts';
import type { Agents } from './agents.ts';
import type { AllowList } from './allow-list.ts';
import type { Wait } from './retries.ts';
import type { Slots } from './slots.ts';

/** What all downloads of one fetcher share. */
export interface FetchContext {
  readonly rules: DownloadRules;
  readonly allowed: AllowList;
  readonly agents: Agents;
  readonly slots: Slots;
  readonly wait: Wait;
}
