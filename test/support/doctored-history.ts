// Histories as JSON, changed on purpose: what a replay must refuse, or must not mind.

/** One event, as `cerebros history` prints it. */
export interface HistoryEventJson {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

export interface HistoryJson {
  readonly events: readonly HistoryEventJson[];
}

type Attributes = Readonly<Record<string, unknown>>;

/** A hole: the event at `idx` is gone, and nothing else has changed. */
export function withGap({ events }: HistoryJson, idx: number): HistoryJson {
  return { events: events.filter((_, at) => at !== idx) };
}

/** The event of this type that comes first is gone, as if it had never been: ids and references of what follows move up by one. */
export function withoutEvent({ events }: HistoryJson, eventType: string): HistoryJson {
  const gone = events.findIndex((event) => event.eventType === eventType);
  if (gone < 0) throw new Error(`expected a history with ${eventType}`);
  const moved = (id: string): string => (Number(id) > gone + 1 ? String(Number(id) - 1) : id);
  const renumbered = (value: unknown, key: string): unknown => {
    if (/(^e|E)ventId$/.test(key)) return moved(String(value));
    if (Array.isArray(value)) return value.map((item) => renumbered(item, ''));
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, renumbered(item, name)]))
      : value;
  };
  return { events: events.filter((_, at) => at !== gone).map((event) => renumbered(event, '') as HistoryEventJson) };
}

/** Everything from the first event of this type on happens `ms` later. */
export function later({ events }: HistoryJson, eventType: string, ms: number): HistoryJson {
  const from = events.findIndex((event) => event.eventType === eventType);
  if (from < 0) throw new Error(`expected a history with ${eventType}`);
  return {
    events: events.map((event, at) =>
      at < from ? event : { ...event, eventTime: new Date(Date.parse(event.eventTime) + ms).toISOString() },
    ),
  };
}

/** The history with other attributes in its first event of this type. */
export function withAttributes({ events }: HistoryJson, eventType: string, change: (attributes: Attributes) => Attributes): HistoryJson {
  const name = attributesName(eventType);
  let changed = false;
  const all = events.map((event) => {
    if (changed || event.eventType !== eventType) return event;
    changed = true;
    return { ...event, [name]: change(event[name] as Attributes) };
  });
  if (!changed) throw new Error(`expected a history with ${eventType}`);
  return { events: all };
}

/** Name of the field that holds the attributes of an event of this type. */
export function attributesName(eventType: string): string {
  const words = eventType.replace('EVENT_TYPE_', '').toLowerCase().split('_');
  return `${words.map((word, idx) => (idx === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`)).join('')}EventAttributes`;
}

/** The value in a payload of a history. */
export function valueIn(payload: unknown): unknown {
  return JSON.parse(Buffer.from((payload as { readonly data: string }).data, 'base64').toString('utf8')) as unknown;
}

/** A payload of a history with another value. */
export function payloadOf(payload: unknown, value: unknown): unknown {
  return { ...(payload as Attributes), data: Buffer.from(JSON.stringify(value)).toString('base64') };
}
