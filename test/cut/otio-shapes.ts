import { isRecord } from '../../src/domain/is-record.js';

const ITEM = { metadata: 'map', name: 'text', effects: 'list', markers: 'list Marker.2', enabled: 'boolean' };
const MEDIA = {
  metadata: 'map',
  name: 'text',
  available_range: 'TimeRange.1',
  available_image_bounds: 'null',
};

/** The fields of the schemas, as OpenTimelineIO publishes them, that our timelines use, and what each holds. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Timeline.1': { metadata: 'map', name: 'text', global_start_time: 'RationalTime.1', tracks: 'Stack.1' },
  'Stack.1': { ...ITEM, source_range: 'null', children: 'list Track.1' },
  'Track.1': { ...ITEM, source_range: 'null', kind: 'text', children: 'list Clip.2 Gap.1' },
  'Clip.2': {
    ...ITEM,
    source_range: 'TimeRange.1',
    media_references: 'map ExternalReference.1',
    active_media_reference_key: 'text',
  },
  'Gap.1': { ...ITEM, source_range: 'TimeRange.1' },
  'ExternalReference.1': { ...MEDIA, target_url: 'text' },
  'Marker.2': { metadata: 'map', name: 'text', color: 'text', comment: 'text', marked_range: 'TimeRange.1' },
  'TimeRange.1': { start_time: 'RationalTime.1', duration: 'RationalTime.1' },
  'RationalTime.1': { value: 'number', rate: 'number' },
};

/** What is wrong with a value that should be of a schema: missing and unknown fields, and fields of another kind. */
export function otioFaults(value: unknown, expected: readonly string[], at = 'timeline'): string[] {
  const schema = isRecord(value) ? String(value['OTIO_SCHEMA']) : '';
  const shape = SHAPES[schema];
  if (!isRecord(value) || !shape || !expected.includes(schema)) return [`${at} is ${schema || typeof value}`];
  const unknown = Object.keys(value).filter((name) => name !== 'OTIO_SCHEMA' && !(name in shape));
  return [
    ...unknown.map((name) => `${at} has ${name}`),
    ...Object.entries(shape).flatMap(([name, kind]) => fieldFaults(value[name], kind, `${at}.${name}`)),
  ];
}

function fieldFaults(value: unknown, kind: string, at: string): string[] {
  const [form = '', ...schemas] = kind.split(' ');
  if (form.includes('.')) return otioFaults(value, [form], at);
  if (form === 'list') {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((one, index) => otioFaults(one, schemas, `${at}[${index}]`));
  }
  if (form === 'map') {
    if (!isRecord(value)) return [`${at} is no map`];
    return schemas.length === 0
      ? []
      : Object.entries(value).flatMap(([name, one]) => otioFaults(one, schemas, `${at}.${name}`));
  }
  if (form === 'null') return value === null ? [] : [`${at} is not null`];
  return typeof value === (form === 'text' ? 'string' : form) ? [] : [`${at} is no ${form}`];
}
