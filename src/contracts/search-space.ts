/** The values of a configuration, by parameter; an inactive conditional parameter is absent. */
export interface Params {
  readonly [name: string]: ParamValue;
}

export type ParamValue = string | number | boolean;

/** Active only when each parameter it names is active and has the value, or one of the values; it names earlier categorical or int parameters. */
export interface When {
  readonly [name: string]: ParamValue | readonly ParamValue[];
}

export interface CategoricalParameter {
  readonly type: 'categorical';
  /** 1 to 100 different values; their order means nothing. */
  readonly choices: readonly ParamValue[];
  readonly when?: When | undefined;
}

/** Whole numbers from `low` to `high`, both included where `step` reaches it. */
export interface IntParameter {
  readonly type: 'int';
  readonly low: number;
  readonly high: number;
  /** Distance between two values, from `low` on. Default 1; not together with `log`. */
  readonly step?: number | undefined;
  /** Drawn evenly on a logarithmic scale; `low` is then at least 1. */
  readonly log?: boolean | undefined;
  readonly when?: When | undefined;
}

/** Real numbers from `low` to `high`. */
export interface FloatParameter {
  readonly type: 'float';
  readonly low: number;
  readonly high: number;
  /** Drawn evenly on a logarithmic scale; `low` is then above 0. */
  readonly log?: boolean | undefined;
  readonly when?: When | undefined;
}

export type Parameter = CategoricalParameter | IntParameter | FloatParameter;

/** What may be tried: 1 to 100 parameters, by name. Their order counts: `when` looks back. */
export interface SearchSpace {
  readonly [name: string]: Parameter;
}
