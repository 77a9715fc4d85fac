const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

/** A length of time in one or two units: `950 ms`, `12.3 s`, `4 min 5 s`, `3 d 2 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const [size, unit] = UNITS.find(([least]) => ms >= least) ?? [60_000, 'min'];
  const whole = Math.floor(ms / size);
  const rest = ms - whole * size;
  if (unit === 'min') return `${whole} min ${Math.round(rest / 1000)} s`;
  return unit === 'h' ? `${whole} h ${Math.floor(rest / 60_000)} min` : `${whole} d ${Math.floor(rest / 3_600_000)} h`;
}

/** From start to end, or to now. */
export function took(from: string, to: string | null): string {
  return duration((to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}

/** How long ago a moment was. */
export function ago(time: string): string {
  return `${duration(Date.now() - Date.parse(time))} ago`;
}
