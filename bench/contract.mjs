import { definePlan } from '../dist/contracts/plan.js';
export const STEPS = ['a', 'b', 'c', 'd', 'e', 'f'];
const steps = (options) => STEPS.map((name, idx) => ({ name, needs: STEPS.slice(Math.max(0, idx - 1), idx), max_retries: 0, ...options }));
export const enginePlan = definePlan('bench', steps({}));
export const lightPlan = definePlan('bench', steps({ light: true }));
