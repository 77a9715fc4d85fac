const WITH_VALUE = new Set(['-o', '--output', '--address', '--namespace', '--profile', '--data-dir']);

/** Moves global flags from before the command behind it, where Stricli takes them: `-o json list` becomes `list -o json`. */
export function flagsLast(args: readonly string[]): readonly string[] {
  const leading: string[] = [];
  let idx = 0;
  for (; idx < args.length; idx += 1) {
    const arg = args[idx] ?? '';
    const [name = ''] = arg.split('=');
    if (arg !== '--debug' && !WITH_VALUE.has(name)) break;
    leading.push(arg);
    if (arg === name && arg !== '--debug' && args[idx + 1] !== undefined) leading.push(args[(idx += 1)] ?? '');
  }
  const rest = args.slice(idx);
  const end = rest.indexOf('--');
  return end < 0 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)];
}
