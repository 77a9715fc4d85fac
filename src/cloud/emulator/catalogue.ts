/** Regions, sizes and images that the emulated account can use: a few of each, with the figures of the real ones. */
export interface Region {
  readonly slug: string;
  readonly name: string;
}

export const REGIONS: readonly Region[] = [
  { slug: 'nyc1', name: 'New York 1' },
  { slug: 'nyc3', name: 'New York 3' },
  { slug: 'ams3', name: 'Amsterdam 3' },
  { slug: 'fra1', name: 'Frankfurt 1' },
  { slug: 'sfo3', name: 'San Francisco 3' },
  { slug: 'tor1', name: 'Toronto 1' },
];

export interface Size {
  readonly slug: string;
  /** MB. */
  readonly memory: number;
  readonly vcpus: number;
  /** GB. */
  readonly disk: number;
  readonly priceMonthly: number;
  readonly gpu: string | null;
  /** Slugs. */
  readonly regions: readonly string[];
}

const EVERYWHERE = REGIONS.map(({ slug }) => slug);

export const SIZES: readonly Size[] = [
  size('s-1vcpu-512mb-10gb', { memory: 512, vcpus: 1, disk: 10, priceMonthly: 4 }),
  size('s-1vcpu-1gb', { memory: 1024, vcpus: 1, disk: 25, priceMonthly: 6 }),
  size('s-1vcpu-2gb', { memory: 2048, vcpus: 1, disk: 50, priceMonthly: 12 }),
  size('s-2vcpu-2gb', { memory: 2048, vcpus: 2, disk: 60, priceMonthly: 18 }),
  size('s-2vcpu-4gb', { memory: 4096, vcpus: 2, disk: 80, priceMonthly: 24 }),
  size('s-4vcpu-8gb', { memory: 8192, vcpus: 4, disk: 160, priceMonthly: 48 }),
  size('c-2', { memory: 4096, vcpus: 2, disk: 25, priceMonthly: 42 }),
  size('gpu-h100x1-80gb', { memory: 245_760, vcpus: 20, disk: 720, priceMonthly: 2522.18, gpu: 'nvidia_h100', regions: ['nyc1', 'tor1'] }),
];

/** Slugs of images that can be booted, with the name they are listed under. */
export const IMAGES: Readonly<Record<string, { readonly id: number; readonly name: string; readonly distribution: string }>> = {
  'ubuntu-24-04-x64': { id: 155_133_621, name: '24.04 (LTS) x64', distribution: 'Ubuntu' },
  'ubuntu-22-04-x64': { id: 129_211_873, name: '22.04 (LTS) x64', distribution: 'Ubuntu' },
  'debian-12-x64': { id: 129_891_263, name: '12 x64', distribution: 'Debian' },
  'gpu-h100x1-base': { id: 170_245_463, name: 'NVIDIA AI/ML Ready', distribution: 'Ubuntu' },
};

export function findRegion(slug: string): Region | undefined {
  return REGIONS.find((region) => region.slug === slug);
}

export function findSize(slug: string): Size | undefined {
  return SIZES.find((known) => known.slug === slug);
}

export function regionView(slug: string): object {
  const sizes = SIZES.filter(({ regions }) => regions.includes(slug)).map((known) => known.slug);
  const features = ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'];
  return { name: findRegion(slug)?.name ?? slug, slug, features, available: true, sizes };
}

export function sizeView(known: Size): object {
  const { slug, memory, vcpus, disk, priceMonthly, regions } = known;
  return {
    slug,
    memory,
    vcpus,
    disk,
    transfer: Math.max(0.5, Math.min(5, memory / 1024)),
    price_monthly: priceMonthly,
    price_hourly: Number((priceMonthly / 672).toFixed(5)),
    regions,
    available: true,
    description: known.gpu === null ? 'Basic' : 'GPU H100 - 1X',
    disk_info: diskInfo(disk),
    ...gpuInfo(known),
  };
}

export function diskInfo(gigabytes: number): readonly object[] {
  return [{ type: 'local', size: { amount: gigabytes, unit: 'gib' } }];
}

export function gpuInfo({ gpu }: Size): object {
  return gpu === null ? {} : { gpu_info: { count: 1, model: gpu, vram: { amount: 80, unit: 'gib' } } };
}

function size(slug: string, figures: Omit<Size, 'slug' | 'gpu' | 'regions'> & Partial<Size>): Size {
  return { slug, gpu: null, regions: EVERYWHERE, ...figures };
}
