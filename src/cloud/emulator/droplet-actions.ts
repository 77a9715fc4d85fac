import { z } from 'zod';
import { actionView, dropletUrn, getActionOn, listActionsOn, startAction } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { param, parseBody } from './call.ts';
import { findSize } from './catalogue.ts';
import { visibleDroplet } from './droplet-lookup.ts';
import { Problem, unprocessable } from './problem.ts';
import type { DropletRecord, Effect } from './state.ts';

/** Refused with 422 while another action on the droplet is in progress. */
export function postDropletAction(call: Call): Answer {
  const droplet = visibleDroplet(call, param(call, 'id'));
  const body = parseBody(call, actionBody);
  const action = startAction(call, {
    type: body.type,
    resource_type: 'droplet',
    resource_id: droplet.id,
    region: droplet.region,
    locks: [dropletUrn(droplet.id)],
    effect: effectOf(droplet, body),
  });
  return { status: 201, body: { action: actionView(action) } };
}

export const listDropletActions = (call: Call): Answer => listActionsOn(call, ownUrn(call));

export function getDropletAction(call: Call): Answer {
  return { status: 200, body: { action: actionView(getActionOn(call, ownUrn(call))) } };
}

const ownUrn = (call: Call): string => dropletUrn(visibleDroplet(call, param(call, 'id')).id);

const actionBody = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['power_on', 'power_off', 'shutdown']) }),
  z.object({ type: z.literal('resize'), size: z.string(), disk: z.boolean().default(false) }),
  z.object({ type: z.literal('rename'), name: z.string().regex(/^[a-z0-9A-Z.-]{1,255}$/) }),
  z.object({ type: z.literal('snapshot'), name: z.string().min(1) }),
  z.object({
    type: z.enum([
      'enable_backups',
      'disable_backups',
      'reboot',
      'power_cycle',
      'restore',
      'password_reset',
      'rebuild',
      'change_kernel',
      'enable_ipv6',
    ]),
  }),
]);

function effectOf(droplet: DropletRecord, body: z.infer<typeof actionBody>): Effect {
  const { id: droplet_id, status } = droplet;
  switch (body.type) {
    case 'power_on':
      if (status === 'active') throw unprocessable('Droplet is already powered on.');
      return { kind: 'power', droplet_id, status: 'active' };
    case 'power_off':
    case 'shutdown':
      if (status === 'off') throw unprocessable('Droplet is already powered off.');
      return { kind: 'power', droplet_id, status: 'off' };
    case 'rename':
    case 'snapshot':
      return { kind: body.type, droplet_id, name: body.name };
    case 'resize':
      return resizeOf(droplet, body);
    default:
      throw new Problem(501, `expected an action that is emulated, got ${body.type}`);
  }
}

function resizeOf(droplet: DropletRecord, { size: slug, disk }: { size: string; disk: boolean }): Effect {
  const size = findSize(slug);
  if (size === undefined || !size.regions.includes(droplet.region)) throw unprocessable('The size is not available in this region.');
  if (slug === droplet.size_slug) throw unprocessable('The droplet already has this size.');
  if (size.disk < droplet.disk) throw unprocessable('This size is not available because it has a smaller disk.');
  if (droplet.status !== 'off') throw unprocessable('Droplet is currently on. Please power it off to run this event.');
  return { kind: 'resize', droplet_id: droplet.id, size_slug: slug, disk };
}
