import { rebuildLedger, verifyLedger, type Rebuilt } from '../../client/ledger-check.ts';
import type { Verdict } from '../../client/verify.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { outputOf } from '../output.ts';
import { table, type Row } from '../text/table.ts';
import { useCerebros } from '../use-cerebros.ts';

/** Runs that a list names; more are only counted. */
const NAMED_MAX = 1000;

/** `ledger verify [ID]`: exit 1 when rows and history differ; a terminated run that nothing undid yet is only reported. */
export async function ledgerVerify(this: CliContext, flags: GlobalFlags, id?: string): Promise<void> {
  const output = outputOf(this, flags);
  const { counts, named } = await useCerebros(this, flags, (cerebros) =>
    tally(verifyLedger(cerebros, id), (verdict) => id !== undefined || verdict.status !== 'ok'),
  );
  const agrees = !counts['different'];
  output.data({ agrees, counts, runs: named }, () =>
    [countLine(counts, agrees ? 'the ledger agrees with the history' : 'the ledger DIFFERS from the history'), verdictText(named)]
      .join('\n')
      .trimEnd(),
  );
  if (!agrees) this.process.exitCode = EXIT.bad;
}

/** `ledger rebuild [ID]` */
export async function ledgerRebuild(this: CliContext, flags: GlobalFlags, id?: string): Promise<void> {
  const output = outputOf(this, flags);
  const { counts, named } = await useCerebros(this, flags, (cerebros) => tally(rebuildLedger(cerebros, id), () => true));
  output.data({ counts, runs: named }, () =>
    [countLine(counts, 'rebuilt from the history'), table(named.map((one: Rebuilt): Row => [one.id, one.status]))].join('\n').trimEnd(),
  );
}

interface Tally<T> {
  readonly counts: Readonly<Record<string, number>>;
  readonly named: readonly T[];
}

async function tally<T extends { readonly status: string }>(all: AsyncIterable<T>, isNamed: (one: T) => boolean): Promise<Tally<T>> {
  const counts: Record<string, number> = {};
  const named: T[] = [];
  for await (const one of all) {
    counts[one.status] = (counts[one.status] ?? 0) + 1;
    if (isNamed(one) && named.length < NAMED_MAX) named.push(one);
  }
  return { counts, named };
}

function countLine(counts: Readonly<Record<string, number>>, verdict: string): string {
  const parts = Object.entries(counts).map(([status, count]) => `${count} ${status.replaceAll('_', ' ')}`);
  return `${verdict}: ${parts.length === 0 ? 'no runs' : parts.join(', ')}`;
}

function verdictText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.flatMap((verdict): Row[] => [
    [verdict.id, verdict.status.replaceAll('_', ' '), '', ''],
    ...verdict.differences.map((one): Row => [
      `  ${one.step_idx === null ? 'run' : `step ${one.step_idx}`} ${one.field}`,
      '',
      `ledger ${JSON.stringify(one.ledger)}`,
      `history ${JSON.stringify(one.history)}`,
    ]),
  ]);
  return table(rows);
}
