import { describe, expect, it } from 'vitest';
import { rungLevels, SearchError } from '../../src/search/index.ts';

describe('rungLevels', () => {
  it.each([
    [1, 3, 1, [1]],
    [1, 3, 2, [1, 2]],
    [1, 3, 3, [1, 3]],
    [1, 3, 5, [1, 5]],
    [1, 3, 6, [1, 3, 6]],
    [1, 3, 10, [1, 3, 10]],
    [1, 3, 27, [1, 3, 9, 27]],
    [1, 3, 1000, [1, 3, 9, 27, 81, 243, 1000]],
    [2, 3, 27, [2, 6, 27]],
    [1, 2, 10, [1, 2, 4, 10]],
    [1, 4, 64, [1, 4, 16, 64]],
    [1, 10, 5, [1, 5]],
    [5, 3, 4, [4]],
  ])('from %i by %i to %i', (min_epochs, reduction, epochs, levels) => {
    expect(rungLevels({ name: 'asha', min_epochs, reduction }, epochs)).toEqual(levels);
  });

  it('is one full training without a scheduler', () => {
    expect(rungLevels({ name: 'none', min_epochs: 1, reduction: 3 }, 27)).toEqual([27]);
  });

  it.each([
    [{ min_epochs: 0, reduction: 3, epochs: 9 }, 'scheduler.min_epochs: expected an integer of at least 1, got 0'],
    [{ min_epochs: 1, reduction: 1, epochs: 9 }, 'scheduler.reduction: expected an integer of at least 2, got 1'],
    [{ min_epochs: 1, reduction: 3, epochs: Number.NaN }, 'epochs: expected an integer of at least 1, got NaN'],
  ])('refuses %o, which would have no end', ({ epochs, ...scheduler }, message) => {
    expect(() => rungLevels({ name: 'asha', ...scheduler }, epochs)).toThrow(new SearchError('OPTIONS_INVALID', message));
  });
});
