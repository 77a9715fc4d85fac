import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expandOffboarding, expandSuspension } from '../../src/contracts/provision-remove.ts';
import { provisionPlan, type ProvisionStep } from '../../src/contracts/provision.ts';
import { provisionInputSchema } from '../../src/contracts/provision-schema.ts';
import { checkPlan } from '../../src/contracts/plan.ts';

const EXAMPLE = parse(readFileSync(join(import.meta.dirname, '../../examples/provision-stack.yaml'), 'utf8')) as object;
const vpc = { type: 'vpc', name: 'main', spec: { region: 'fra1' } };
const droplet = { type: 'droplet', name: 'web', spec: { region: 'fra1', size: 's', image: 'i', vpc_uuid: { ref: 'vpc:main' } } };
const stack = (...resources: readonly object[]): object => ({ kind: 'provisioning', stack: 's', resources });
const step = { name: 'a', module: 'delete_vpc', urn: 'urn:cerebros:s:vpc:main' };
const needsOf = (steps: readonly ProvisionStep[]): object => Object.fromEntries(steps.map(({ name, needs }) => [name, needs]));
const existing = ['vpc:main', 'droplet:web', 'volume:data', 'attachment:data', 'firewall:f', 'reserved_ip:ip', 'snapshot:data-1'].map(
  (ref) => {
    return { urn: `urn:cerebros:s:${ref}`, type: ref.split(':')[0] ?? '' };
  },
);

describe('a stack', () => {
  it('becomes steps, each behind what comes before it', () => {
    const input = provisionInputSchema.parse(EXAMPLE);
    const droplets = ['create_droplet.web-1', 'create_droplet.web-2', 'create_volume.data'];
    expect(needsOf(input.steps)).toEqual({
      'create_vpc.main': [],
      ...Object.fromEntries(droplets.map((name) => [name, ['create_vpc.main']])),
      'attach_volume.data': droplets,
      'create_firewall.web': ['attach_volume.data', 'create_droplet.web-1', 'create_droplet.web-2'],
      'create_reserved_ip.front': ['create_firewall.web', 'create_droplet.web-1'],
    });
    expect(() => checkPlan(provisionPlan(input))).not.toThrow();
    expect(provisionPlan(input).steps.every(({ queue, undo }) => queue === 'cerebros-cloud' && undo)).toBe(true);
  });

  it('passes over types that it does not have', () => {
    const firewall = { type: 'firewall', name: 'f', spec: {} };
    const { steps } = provisionInputSchema.parse(stack(firewall, vpc));
    expect(needsOf(steps)).toEqual({ 'create_vpc.main': [], 'create_firewall.f': ['create_vpc.main'] });
  });

  it('names resources by stack, type and name', () => {
    const urns = provisionInputSchema.parse(EXAMPLE).steps.map(({ name, urn }) => [name, urn]);
    expect(urns).toContainEqual(['create_droplet.web-1', 'urn:cerebros:demo:droplet:web-1']);
    expect(urns).toContainEqual(['attach_volume.data', 'urn:cerebros:demo:attachment:data']);
  });

  it('comes out as it went in once it is expanded', () => {
    const input = provisionInputSchema.parse(EXAMPLE);
    expect(provisionInputSchema.parse(input)).toEqual(input);
  });
});

describe('an input that does not fit is refused with what to do', () => {
  it.each([
    ['a ref to nothing', stack(droplet), 'got "vpc:main"'],
    ['a ref to what is made later', stack({ ...vpc, spec: { x: [{ ref: 'droplet:web' }] } }, droplet), 'made before a vpc'],
    [
      'a field that there is not',
      stack(vpc, { ...droplet, spec: { ...droplet.spec, sise: 's' } }),
      'Unrecognized key: "sise"; correct the spec of this droplet',
    ],
    ['a field that is wanting', stack({ type: 'volume', name: 'v', spec: { region: 'fra1' } }), 'correct the spec of this volume'],
    ['a name that is there twice', stack(vpc, vpc), 'got "main" twice'],
    ['an attachment of no volume', stack(vpc, { type: 'attachment', name: 'a', spec: {} }), 'expected {volume: {ref'],
    ['a type that there is not', stack({ ...vpc, type: 'vcp' }), 'expected one of vpc, droplet'],
    ['nothing to do', { kind: 'provisioning', stack: 's' }, 'expected resources, got none'],
    ['an update without steps', { kind: 'update', stack: 's' }, 'expected steps (cerebros provision plan makes them), got none'],
    ['an offboarding with resources', { ...stack(vpc), kind: 'offboarding' }, 'expected steps for offboarding'],
    ['both', { ...stack(vpc), steps: [step] }, 'got both'],
    ['a urn of another stack', { kind: 'update', stack: 't', steps: [step] }, 'begins with urn:cerebros:t:vpc:'],
    [
      'a module on another type',
      { kind: 'update', stack: 's', steps: [{ ...step, module: 'delete_droplet' }] },
      'as delete_droplet is about one',
    ],
    ['a rollback of no run', { kind: 'rollback', stack: 's' }, 'expected saga_id'],
    ['a module that there is not', { kind: 'update', stack: 's', steps: [{ ...step, module: 'x' }] }, 'expected one of create_vpc'],
    ['a need of no step', { kind: 'update', stack: 's', steps: [{ ...step, needs: ['b'] }] }, 'got "b"'],
    ['a stack with a colon', { ...stack(vpc), stack: 'a:b' }, '1 to 60 of them'],
  ])('%s', (_, input, said) => {
    const { error } = provisionInputSchema.safeParse(input);
    expect(error?.issues.map(({ message }) => message).join('\n')).toContain(said);
  });
});

describe('what there is of a stack', () => {
  it('is removed once people have agreed, with what holds others first, and VPCs last', () => {
    expect(needsOf(expandOffboarding('s', existing))).toEqual({
      approve: [],
      'delete_firewall.f': ['approve'],
      'delete_reserved_ip.ip': ['approve'],
      'detach_volume.data': ['delete_firewall.f', 'delete_reserved_ip.ip'],
      'delete_droplet.web': ['detach_volume.data'],
      'delete_volume.data': ['delete_droplet.web'],
      'delete_snapshot.data-1': ['delete_droplet.web'],
      'delete_vpc.main': ['delete_volume.data', 'delete_snapshot.data-1'],
    });
  });

  it('is removed also when only half of it is left', () => {
    expect(needsOf(expandOffboarding('s', existing.slice(0, 1)))).toEqual({ approve: [], 'delete_vpc.main': ['approve'] });
  });

  it('is suspended by a snapshot of each volume, and then its droplets off', () => {
    const steps = expandSuspension('s', existing, '2');
    expect(needsOf(steps)).toEqual({ 'snapshot_volume.data-2': [], 'power_off_droplet.web': ['snapshot_volume.data-2'] });
    expect(steps[0]).toMatchObject({ urn: 'urn:cerebros:s:snapshot:data-2', params: { volume_urn: 'urn:cerebros:s:volume:data' } });
  });
});
