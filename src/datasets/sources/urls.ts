import { textLines } from '../text-lines.ts';
import { localCopy } from './local-copy.ts';
import { type FoundItem, refused, type SourceContext } from './source.ts';

const MAX_URL_CHARACTERS = 4096;

/** URLs that the input lists itself. */
export function* listedUrls(urls: readonly string[]): Generator<FoundItem> {
  for (const [index, url] of urls.entries()) yield urlItem(url, `urls[${index}]`);
}

/**
 * The URLs in a text file on the worker or at a URL: one a line; blank lines and those that begin with `#` are skipped.
 *
 * @throws DatasetError as `localCopy`.
 */
export async function* urlFileItems(path: string, context: SourceContext): AsyncGenerator<FoundItem> {
  const file = await localCopy(path, context);
  for await (const { number, text } of textLines(file, { maxLineBytes: 4 * MAX_URL_CHARACTERS, signal: context.signal })) {
    const line = text?.trim();
    if (line === '' || line?.startsWith('#')) continue;
    yield urlItem(line, `${path} line ${number}`);
  }
}

/** The item of a URL, or of what should have been one. `where` is how people find it. */
export function urlItem(url: string | undefined, where: string): FoundItem {
  const problem = urlProblem(url);
  if (url === undefined || problem !== null) return refused(where, 'MANIFEST_LINE', `${where}: expected ${problem}`);
  return { uri: url, from: { url } };
}

function urlProblem(url: string | undefined): string | null {
  if (url === undefined || url.length > MAX_URL_CHARACTERS) return `a URL of at most ${MAX_URL_CHARACTERS} characters, got a longer one`;
  if (!URL.canParse(url)) return `a URL, got ${JSON.stringify(url.slice(0, 200))}`;
  const { username, password } = new URL(url);
  // Not shown: it would be kept in the files of the build.
  return username === '' && password === '' ? null : 'a URL without user and password, got one with';
}
