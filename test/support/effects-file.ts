import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One line an effect: truth that stands outside the system. */
export interface Effect {
  readonly key: string;
  readonly step: string;
  readonly phase: 'do' | 'undo';
  readonly saga_id: string;
  readonly attempt: number;
  readonly outcome?: string;
}

/** An append-only file of effects. A write is one syscall with O_APPEND, so lines of several processes do not mix. */
export class EffectsFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  append(effect: Effect): void {
    appendFileSync(this.path, `${JSON.stringify(effect)}\n`);
  }

  all(sagaId?: string): Effect[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, 'utf8').split('\n').filter(Boolean);
    const effects = lines.map((line) => JSON.parse(line) as Effect);
    return sagaId === undefined ? effects : effects.filter((effect) => effect.saga_id === sagaId);
  }

  /** Has an effect been made under this key? A well-behaved activity looks before it acts. */
  has(key: string): boolean {
    return this.all().some((effect) => effect.key === key);
  }
}
