import { ExitCode as StricliCode } from '@stricli/core';

/** What an exit code of `cerebros` says. Commands that only read exit 0 whatever the run's status. */
export const EXIT = {
  ok: 0,
  /** A run waited for closed other than completed, or verify, replay or doctor found something; also a fault of our own. */
  bad: 1,
  /** Wrong use of a command, or invalid input. */
  usage: 2,
  /** Temporal or Postgres does not answer. */
  unreachable: 3,
  notFound: 4,
  /** Refused by a validator or a conflict, or a wait that took too long. */
  refused: 5,
} as const;

/** Stricli's own codes are negative; unknown commands and flags are wrong use, the rest is our fault. */
export function exitCodeOf(code: number | string | null | undefined): number {
  const number = Number(code ?? 0);
  if (number === StricliCode.UnknownCommand || number === StricliCode.InvalidArgument) return EXIT.usage;
  return number < 0 ? EXIT.bad : number;
}
