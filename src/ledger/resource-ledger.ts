import type { CallBudget, ResourceLedger } from '../contracts/cloud.ts';
import type { Sql } from './connection.ts';
import { changeCloudSpec } from './queries/change-cloud-spec.ts';
import { claimCloudPost } from './queries/claim-cloud-post.ts';
import { findCloudResource } from './queries/cloud-rows.ts';
import { correctCloudBudget } from './queries/correct-cloud-budget.ts';
import { keepCloud } from './queries/keep-cloud.ts';
import { markCloudActive } from './queries/mark-cloud-active.ts';
import { markCloudDeleted } from './queries/mark-cloud-deleted.ts';
import { markCloudDeleting } from './queries/mark-cloud-deleting.ts';
import { markCloudSuspect } from './queries/mark-cloud-suspect.ts';
import { noteCloudIntent } from './queries/note-cloud-intent.ts';
import { recordCloudId } from './queries/record-cloud-id.ts';
import { releaseCloudPost } from './queries/release-cloud-post.ts';
import { revertCloudSpec } from './queries/revert-cloud-spec.ts';
import { takeCloudCall } from './queries/take-cloud-call.ts';

/** The ledger as src/cloud takes it. */
export function createResourceLedger(sql: Sql): ResourceLedger {
  return {
    noteIntent: (intent) => noteCloudIntent(sql, intent),
    find: (urn) => findCloudResource(sql, urn),
    claimPost: (claim) => claimCloudPost(sql, claim),
    releasePost: (claim) => releaseCloudPost(sql, claim),
    recordId: (found) => recordCloudId(sql, found),
    markActive: (found) => markCloudActive(sql, found),
    markSuspect: (suspicion) => markCloudSuspect(sql, suspicion),
    markDeleting: (withdrawal) => markCloudDeleting(sql, withdrawal),
    keep: (kept) => keepCloud(sql, kept),
    markDeleted: (urn) => markCloudDeleted(sql, urn),
    changeSpec: (change) => changeCloudSpec(sql, change),
    revertSpec: (change) => revertCloudSpec(sql, change),
  };
}

/** The budget of calls, likewise. */
export function createCallBudget(sql: Sql): CallBudget {
  return { take: (draw) => takeCloudCall(sql, draw), correct: (said) => correctCloudBudget(sql, said) };
}
