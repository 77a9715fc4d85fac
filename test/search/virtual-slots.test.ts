import { describe, expect, it } from 'vitest';
import { VirtualSlots, type SlotJob } from '../../src/search/virtual-slots.ts';
import { FAILED } from '../support/nas-planner.ts';

function job(number: number, cost: number): SlotJob {
  return { number, to_epoch: 1, epochs: 1, cost, outcome: null };
}

function slotsOf(count: number, ...costs: readonly number[]): { readonly slots: VirtualSlots; readonly jobs: readonly SlotJob[] } {
  const slots = new VirtualSlots(count);
  const jobs = costs.map((cost, number) => job(number, cost));
  for (const each of jobs) slots.add(each);
  return { slots, jobs };
}

/** Lets results come in this order; answers in which order they counted, a list for each that came. */
function counted({ slots, jobs }: ReturnType<typeof slotsOf>, arrivals: readonly number[]): number[][] {
  return arrivals.map((number) => {
    const arrived = jobs[number];
    if (arrived) arrived.outcome = FAILED;
    const due: number[] = [];
    for (let next = slots.takeDue(); next; next = slots.takeDue()) due.push(next.number);
    return due;
  });
}

describe('virtual slots', () => {
  it('let results count in the order of their virtual ends, whatever order they come in', () => {
    // Two slots: 0 is done at 5, 1 at 2, 2 (after 1) at 3, 3 (after 2) at 7.
    expect(counted(slotsOf(2, 5, 2, 1, 4), [1, 2, 0, 3])).toEqual([[1], [2], [0], [3]]);
    expect(counted(slotsOf(2, 5, 2, 1, 4), [3, 2, 0, 1])).toEqual([[], [], [], [1, 2, 0, 3]]);
    expect(counted(slotsOf(2, 5, 2, 1, 4), [0, 3, 1, 2])).toEqual([[], [], [1], [2, 0, 3]]);
  });

  it('take the lower number first of two that are done at the same time', () => {
    expect(counted(slotsOf(2, 3, 3), [1, 0])).toEqual([[], [0, 1]]);
  });

  it('begin a job when a slot is free, not before', () => {
    // On one slot the long one is in the way; on two it is not.
    expect(counted(slotsOf(1, 9, 1), [1, 0])).toEqual([[], [0, 1]]);
    expect(counted(slotsOf(2, 9, 1), [1, 0])).toEqual([[1], [0]]);
  });

  it('begin a job that is added late at the time it is then', () => {
    const { slots, jobs } = slotsOf(2, 4, 10);
    counted({ slots, jobs }, [0]);
    const late = job(2, 5);
    slots.add(late);
    // It ends at 4 + 5, before job 1 at 10; the next one, begun at 9, ends at 16, after it.
    const later = job(3, 7);
    expect(counted({ slots, jobs: [...jobs, late] }, [2])).toEqual([[2]]);
    slots.add(later);
    expect(counted({ slots, jobs: [...jobs, late, later] }, [3, 1])).toEqual([[], [1, 3]]);
  });

  it('have more jobs under way at once when there are more of them', () => {
    const { slots, jobs } = slotsOf(1, 9, 1);
    slots.resize(2);
    expect(counted({ slots, jobs }, [1, 0])).toEqual([[1], [0]]);
  });

  it('finish what they have begun when there are fewer of them, and begin nothing until enough are done', () => {
    const { slots, jobs } = slotsOf(2, 5, 6, 1);
    slots.resize(1);
    expect(counted({ slots, jobs }, [2, 0, 1])).toEqual([[], [0], [1, 2]]);
  });

  it('forget a job that is taken out, and the next one begins', () => {
    const { slots, jobs } = slotsOf(1, 9, 1);
    const [first] = jobs;
    if (first) slots.remove(first);
    expect(slots.jobs).toEqual([jobs[1]]);
    expect(counted({ slots, jobs }, [1])).toEqual([[1]]);
  });

  it('have nothing left when they are cleared', () => {
    const { slots, jobs } = slotsOf(1, 9, 1);
    slots.clear();
    expect(slots.jobs).toEqual([]);
    expect(counted({ slots, jobs }, [0, 1])).toEqual([[], []]);
  });
});
