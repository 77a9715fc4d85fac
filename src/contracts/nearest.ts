/** The name that was probably meant by a text that is none of them: a third of its letters may differ. Undefined when none is like it. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const wanted = text.toLowerCase();
  const limit = Math.floor(wanted.length / 3);
  const scored = names.map((name) => ({ name, score: scoreOf(wanted, name.toLowerCase()) }));
  return scored.filter(({ score }) => score <= limit).toSorted((a, b) => a.score - b.score)[0]?.name;
}

/** One that holds the other counts as one edit away. */
function scoreOf(a: string, b: string): number {
  const [shorter, longer] = a.length <= b.length ? [a, b] : [b, a];
  return shorter.length >= 3 && longer.includes(shorter) ? Math.min(1, longer.length - shorter.length) : distance(a, b);
}

/** Letters to add, drop or change to make one of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let at = 1; at <= b.length; at += 1) {
      const change = (above[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      current.push(Math.min((above[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1, change));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
