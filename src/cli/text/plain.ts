// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// oxlint-disable-next-line no-control-regex -- as above; tab and newline stay
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from elsewhere, safe for a terminal: without escape sequences, control characters and marks that turn the direction. */
export function plain(text: string): string {
  return text.replaceAll(ESCAPES, '').replaceAll(CONTROLS, '');
}

/** The same on one line, cut to a width. */
export function plainLine(text: string, width: number): string {
  return cut(plain(text).replaceAll(/\s+/g, ' ').trim(), width);
}

/** Cuts to a number of characters, the last of which is then `…`. */
export function cut(text: string, width: number): string {
  const chars = [...text];
  return chars.length <= width ? text : `${chars.slice(0, Math.max(0, width - 1)).join('')}…`;
}
