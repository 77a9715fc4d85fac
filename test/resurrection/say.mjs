/** One line of the log: when, what is the state now, and of what. */
export function say(state, text) {
  console.log(`${clock(Date.now())}  ${state.padEnd(9)}  ${text}`);
}

/** A time of day as the log writes it, in UTC. */
export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 23);
}
