import type { Params, ParamValue, SearchSpace } from '../../src/search/index.ts';

/** Parameters of every kind; `kernel` needs `conv`, `pool` needs `kernel`, and `width_2` needs two blocks. */
export const everyKind: SearchSpace = {
  depth: { type: 'int', low: 1, high: 3 },
  width: { type: 'int', low: 8, high: 50, step: 8 },
  batch: { type: 'int', low: 16, high: 256, log: true },
  width_2: { type: 'int', low: 0, high: 40, step: 20, when: { depth: [2, 3] } },
  op: { type: 'categorical', choices: ['conv', 'dense', 7, true] },
  kernel: { type: 'categorical', choices: [3, 5], when: { op: 'conv' } },
  pool: { type: 'categorical', choices: ['max', 'none'], when: { kernel: 5, depth: 3 } },
  dropout: { type: 'float', low: 0, high: 0.5 },
  lr: { type: 'float', low: 1e-5, high: 0.1, log: true },
  decay: { type: 'float', low: 0.25, high: 0.25 },
};

/** 2 × (3 + 1) = 8 configurations: `kernel` is there only with `conv`. */
export const eight: SearchSpace = {
  act: { type: 'categorical', choices: ['relu', 'tanh'] },
  op: { type: 'categorical', choices: ['conv', 'dense'] },
  kernel: { type: 'int', low: 1, high: 5, step: 2, when: { op: 'conv' } },
};

/** What is wrong with a configuration of {@link everyKind}; nothing when all is well. */
export function faultsOf(params: Params): readonly string[] {
  return Object.keys(everyKind).flatMap((name) => {
    const value = params[name];
    if (!isWanted(name, params)) return value === undefined ? [] : [`${name} should be absent, is ${value}`];
    return value !== undefined && fits(name, value) ? [] : [`${name} is ${value}`];
  });
}

function isWanted(name: string, { depth, op, kernel }: Params): boolean {
  if (name === 'width_2') return depth !== 1;
  if (name === 'kernel') return op === 'conv';
  return name === 'pool' ? kernel === 5 && depth === 3 : true;
}

function fits(name: string, value: ParamValue): boolean {
  const among = (values: readonly ParamValue[]): boolean => values.includes(value);
  const within = (low: number, high: number): boolean => typeof value === 'number' && value >= low && value <= high;
  switch (name) {
    case 'depth':
      return among([1, 2, 3]);
    case 'width':
      return among([8, 16, 24, 32, 40, 48]);
    case 'batch':
      return within(16, 256) && Number.isInteger(value);
    case 'width_2':
      return among([0, 20, 40]);
    case 'op':
      return among(['conv', 'dense', 7, true]);
    case 'kernel':
      return among([3, 5]);
    case 'pool':
      return among(['max', 'none']);
    case 'dropout':
      return within(0, 0.5);
    case 'lr':
      return within(1e-5, 0.1);
    default:
      return value === 0.25;
  }
}

/** A smooth score, best at a depth of 3 and a learning rate of 1e-3; from 0 down. */
export function score({ depth, lr, dropout }: Params): number {
  return -((Number(depth) - 3) ** 2) - (Math.log10(Number(lr)) + 3) ** 2 - Number(dropout);
}
