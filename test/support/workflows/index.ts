export { proof } from '../../../src/workflows/proof.ts';
export { scripted } from './scripted.ts';
