import { ApplicationFailure } from '@temporalio/activity';

/** What needs the cloud fails so on a worker without a token; no retry helps. */
export function cloudNotConfigured(): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    'expected CEREBROS_CLOUD_TOKEN on the worker that serves the queue cerebros-cloud, it is not set; set it and start the worker again',
    'CLOUD_NOT_CONFIGURED',
  );
}
