/** A droplet as the API shows it, with fields that nobody here reads. */
export function droplet(id: number, parts: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    id,
    name: `droplet-${id}`,
    memory: 1024,
    status: 'active',
    locked: false,
    region: { name: 'Frankfurt 1', slug: 'fra1', features: [], available: true, sizes: [] },
    size_slug: 's-1vcpu-1gb',
    tags: [],
    volume_ids: [],
    vpc_uuid: 'vpc-1',
    networks: { v4: [{ ip_address: '10.0.0.2', netmask: '255.255.240.0', gateway: '', type: 'private' }], v6: [] },
    ...parts,
  };
}
