import { checkDrift, type Drift } from '../../client/drift.ts';
import { DRIFT_VERDICTS } from '../../contracts/drift.ts';
import type { CliContext } from '../context.ts';
import type { DriftFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { driftTable } from '../text/drift-text.ts';
import { applyDrift } from './drift-apply.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `drift` */
export async function drift(this: CliContext, flags: DriftFlags): Promise<void> {
  if (flags.apply) return applyDrift(this, flags);
  const output = outputOf(this, flags);
  const found = await useCerebros(this, flags, (cerebros) => checkDrift(cerebros, { stack: flags.stack }));
  output.data(found, () => {
    const text = driftTable(found.resources, { colors: output.colors, width: Math.max(this.size().columns, WIDTH_MIN) });
    return [...(text === '' ? [] : [text, '']), countLine(found)].join('\n');
  });
}

/** A urn, a verdict and a difference say little when they are cut. */
const WIDTH_MIN = 120;

function countLine({ counts, resources }: Drift): string {
  const parts = DRIFT_VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`);
  const all = DRIFT_VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
  const shown = all > resources.length ? `, the first ${resources.length} shown` : '';
  return parts.length === 0 ? 'no resources' : `${all} resources: ${parts.join(', ')}${shown}`;
}
