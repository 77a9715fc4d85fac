import { describe, expect, it } from 'vitest';
import { graphOf } from '../../src/cli/graph/graph-model.ts';
import { mermaid } from '../../src/cli/graph/mermaid.ts';
import { cerebros, errorOf } from './fake-context.ts';

describe('plan', () => {
  it('says what would run and be undone, and connects to nothing', async () => {
    const ran = await cerebros(['plan', 'training-run', '--input', '-', '-o', 'text'], {
      stdin: '{"model_name":"mlp","dataset_name":"digits"}',
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('a failure undoes, of what ran: collect_results, then execute_training, then prepare_run');
    expect(ran.stderr).toContain('nothing was started');
    expect(ran.stdout.split('\n').every((line) => line.length <= 90)).toBe(true);
  });
});

describe('graph', () => {
  it('draws a kind as a table, with the way back', async () => {
    const ran = await cerebros(['graph', 'training-run', '-o', 'text']);
    expect(ran.stdout).toMatch(/4\s+collect_results\s+monitor_progress\s+yes, then execute_training/);
  });

  it('draws a kind as mermaid with a title', async () => {
    const ran = await cerebros(['graph', 'training-run', '--format', 'mermaid']);
    expect(ran.stdout).toMatch(/^flowchart TD\n {2}accTitle: plan of training-run\n/);
    expect(ran.stdout).toContain('s0 --> s1');
    expect(ran.stdout).toContain('s2 -. undo .-> s1');
  });

  it('is data in JSON', async () => {
    const ran = await cerebros(['graph', 'training-run', '--format', 'mermaid', '-o', 'json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      title: 'plan of training-run',
      nodes: expect.any(Array) as unknown[],
      mermaid: expect.stringContaining('flowchart') as string,
    });
  });

  it('asks for the input of a kind whose plan depends on it', async () => {
    const ran = await cerebros(['graph', 'proof']);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).hint).toContain('--input');
    expect((await cerebros(['graph', 'proof', '--input', '-'], { stdin: '{"steps":["echo","fail"],"inputs":{"message":"x"}}' })).code).toBe(
      0,
    );
  });

  it('takes nothing in a label for syntax', () => {
    const graph = graphOf('a"b; click s0', { kind: 'k', steps: [{ name: 'x"]; click s0 "javascript:alert(1)" %% <b>#' }] });
    const text = mermaid(graph);
    const label = /s0\["(.*)"\]$/m.exec(text)?.[1] ?? '';
    expect(label).not.toBe('');
    expect(label.replaceAll(/#\d+;/g, '')).toMatch(/^[\w .-]*$/);
  });
});
