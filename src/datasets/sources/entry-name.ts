const MAX_CHARACTERS = 4096;

/** Why a name in an archive or manifest is refused, or null; what is left stays below the folder it is taken from, on any system. */
export function nameRefusal(name: string): string | null {
  const why = refusal(name);
  return why === null ? null : `expected a path below its archive or manifest, got ${JSON.stringify(name.slice(0, 200))}: ${why}`;
}

/** Hidden files, and what macOS puts beside the files in its archives. */
export function isHiddenName(name: string): boolean {
  return name.split('/').some((part) => part === '__MACOSX' || (part.startsWith('.') && part !== '.'));
}

/** `./7//12.png` is `7/12.png`. */
export function plainName(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function refusal(name: string): string | null {
  if (name.length > MAX_CHARACTERS) return `it has more than ${MAX_CHARACTERS} characters`;
  if (name.includes('\0')) return 'it has a NUL in it';
  if (/\p{Cs}/u.test(name)) return 'it has half a character in it';
  if (name.includes('\\')) return 'it has a backslash in it';
  if (name.startsWith('/')) return 'it is absolute';
  if (/^[A-Za-z]:/.test(name)) return 'it begins with a drive';
  if (name.split('/').includes('..')) return 'it leads out of its folder';
  return plainName(name) === '' ? 'it is empty' : null;
}
