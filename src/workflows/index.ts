/** The workflow bundle's entry: one export per workflow type. */
export { proof } from './proof.ts';
