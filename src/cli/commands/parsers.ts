/** A whole number, 0 or more. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SyntaxError(`expected a whole number, got ${text}`);
  return Number(text);
}

/** 1 to 1000. */
export function limitParser(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 1000) throw new RangeError(`expected a number from 1 to 1000, got ${text}`);
  return number;
}
