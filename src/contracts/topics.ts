/** Event types; ids are `<saga_id>/<root_run_id>/<what>`, so a retried publish adds nothing. */
export const SOURCE = 'cerebros';

export type StepTopic = 'started' | 'completed' | 'failed' | 'compensated' | 'sleeping' | 'resumed';

export function stepTopic(what: StepTopic): string {
  return `cerebros.saga.step.${what}`;
}

export function runTopic(status: string): string {
  return `cerebros.saga.${status}`;
}

/** A resource of a cloud is not as it is meant to be, anew; the subject is the resource. */
export const DRIFT_TOPIC = 'cerebros.cloud.drift.detected';

/** Does `topic` match `pattern`? `*` stands for one segment, `**` for any number, none included. */
export function topicMatches(pattern: string, topic: string): boolean {
  return segmentsMatch(pattern.split('.'), topic.split('.'));
}

function segmentsMatch(pattern: readonly string[], topic: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return topic.length === 0;
  if (head === '**')
    return topic.length === 0 ? segmentsMatch(rest, topic) : segmentsMatch(rest, topic) || segmentsMatch(pattern, topic.slice(1));
  const [first, ...others] = topic;
  return first !== undefined && (head === '*' || head === first) && segmentsMatch(rest, others);
}
