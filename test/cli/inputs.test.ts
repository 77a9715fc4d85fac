import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cerebros, errorOf } from './fake-context.ts';

const GOOD = '{"steps":["echo"],"inputs":{"message":"hello"}}';
let cwd = '';

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'cerebros-inputs-'));
  writeFileSync(join(cwd, 'good.json'), `\uFEFF${GOOD}`);
  writeFileSync(join(cwd, 'good.yaml'), 'steps: [echo]\ninputs:\n  message: hello\n');
  writeFileSync(join(cwd, 'large.json'), `"${'x'.repeat(3 * 1024 * 1024)}"`);
  writeFileSync(join(cwd, 'training.yaml'), 'epochs: 7\nbatch_size: 32\n');
});
afterAll(() => rmSync(cwd, { recursive: true }));

const plan = (kind: string, ...args: string[]) => cerebros(['plan', kind, ...args], { cwd });

describe('an input', () => {
  it.each(['good.json', 'good.yaml'])('is read from %s', async (file) => {
    const ran = await plan('proof', '--input', file);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ input: JSON.parse(GOOD) as object });
  });

  it('is read from stdin', async () => {
    expect((await cerebros(['plan', 'proof', '--input', '-'], { stdin: GOOD })).code).toBe(0);
  });

  it.each([
    { text: '{"steps": ["echo"\n  "inputs": 1}', at: 'line 2, column' },
    { text: 'steps: [echo]\ninputs: {a: 1\n', at: 'line 3, column' },
    { text: 'a: 1\n\tb: 2\n', at: 'line 2, column' },
    { text: '  \n', at: 'got nothing' },
    { text: 'a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]', at: 'alias' },
  ])('that is broken is refused with its place: $at', async ({ text, at }) => {
    const ran = await cerebros(['plan', 'proof', '--input', '-'], { stdin: text });
    expect(ran.code).toBe(2);
    expect(errorOf(ran).message).toContain(at);
  });

  it.each([
    { file: 'absent.json', why: 'no such file' },
    { file: 'large.json', why: 'at most 3145728 bytes' },
    { file: '.', why: 'EISDIR' },
  ])('is refused because of $why', async ({ file, why }) => {
    const ran = await plan('proof', '--input', file);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).message).toContain(why);
  });

  it('that does not fit says path, expected and got', async () => {
    const ran = await cerebros(['plan', 'proof', '--input', '-'], { stdin: '{"steps":["echo","nope"],"inputs":{"message":7},"x":1}' });
    expect(ran.code).toBe(2);
    const { message } = errorOf(ran);
    expect(message).toContain('steps[1]: expected one of "echo"|"fail", got "nope"');
    expect(message).toContain('inputs.message: expected string, got 7');
    expect(message).toContain('Unrecognized key: "x"');
  });

  it('of a kind that is none is refused with the kinds there are', async () => {
    const ran = await plan('__proto__', '--input', 'good.json');
    expect(ran.code).toBe(2);
    expect(errorOf(ran).message).toContain('training-run');
  });

  it('has the content of the file that it names, and its own fields before it', async () => {
    const stdin = JSON.stringify({
      model_name: 'custom',
      dataset_name: 'digits',
      config_path: 'training.yaml',
      config: { epochs: 1, model: { blocks: [] } },
    });
    const ran = await cerebros(['plan', 'training-run', '--input', '-'], { stdin, cwd });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ input: { config: { epochs: 1, batch_size: 32 } } });
  });
});

describe('--set', () => {
  it.each([
    { set: 'inputs.message=3', path: ['inputs', 'message'], value: 3, code: 2 },
    { set: 'inputs.message=a=b', path: ['inputs', 'message'], value: 'a=b', code: 0 },
    { set: 'steps=["echo","echo"]', path: ['steps'], value: ['echo', 'echo'], code: 0 },
    { set: 'steps.1=fail', path: ['steps'], value: ['echo', 'fail'], code: 0 },
  ])('$set sets JSON, else a string', async ({ set, path, value, code }) => {
    const ran = await plan('proof', '--input', 'good.json', '--set', set);
    expect(ran.code).toBe(code);
    if (code !== 0) return;
    const { input } = JSON.parse(ran.stdout) as { input: Record<string, unknown> };
    expect(path.reduce<unknown>((at, part) => Reflect.get(at as object, part), input)).toEqual(value);
  });

  it.each(['nothing', '=1', 'a..b=1', '__proto__.x=1', 'steps.x=1', 'steps.9=echo', 'inputs.message.deep=1'])('refuses %s', async (set) => {
    const ran = await plan('proof', '--input', 'good.json', '--set', set);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).code).toBe('USAGE');
  });
});
