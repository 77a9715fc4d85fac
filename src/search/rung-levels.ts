import type { SchedulerChoice } from '../contracts/nas-search.ts';
import { SearchError } from './errors.ts';

/**
 * Epochs at which trials are compared, the last being a full training: `min_epochs`, and each the `reduction`-fold of the one
 * before. A last step that is nearer to none than to a whole one (a factor below √reduction) is joined with the one before: of
 * 10 epochs, 1, 3 and 10. Without a scheduler there is one rung.
 *
 * @throws SearchError `OPTIONS_INVALID`.
 */
export function rungLevels({ name, min_epochs, reduction }: SchedulerChoice, epochs: number): readonly number[] {
  refuse('epochs', epochs, 1);
  if (name === 'none') return [epochs];
  refuse('scheduler.min_epochs', min_epochs, 1);
  refuse('scheduler.reduction', reduction, 2);
  const levels: number[] = [];
  for (let level = min_epochs; level * Math.sqrt(reduction) <= epochs; level *= reduction) {
    levels.push(level);
  }
  return [...levels, epochs];
}

function refuse(path: string, value: number, low: number): void {
  if (Number.isSafeInteger(value) && value >= low) return;
  throw new SearchError('OPTIONS_INVALID', `${path}: expected an integer of at least ${low}, got ${value}`);
}
