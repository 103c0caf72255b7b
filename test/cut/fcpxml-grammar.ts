import { elementsOf, type XmlElement } from './read-xml.js';

/** The attributes of an element: `!` are required; a list is an enumeration, `id` and `ref` are an ID and an IDREF. */
type Attributes = Readonly<Record<string, '' | '!' | 'id!' | 'ref' | 'ref!' | readonly string[]>>;

const ANCHORED = { lane: '', offset: '', name: '', start: '', enabled: ['0', '1'] } as const;
const RATES = ['23.98', '24', '25', '29.97', '30', '60', '47.95', '48', '50', '59.94'];

/**
 * What FCPXML 1.10 allows of the elements that we write: the order of children as an expression over their names, each followed by a
 * space, and the attributes.
 */
const GRAMMAR: Readonly<Record<string, readonly [content: RegExp, attributes: Attributes]>> = {
  fcpxml: [/^(resources )?(library |(event )*|(project |asset-clip )*)$/, { version: '!' }],
  resources: [/^((asset|effect|format|media|locator) )*$/, {}],
  format: [
    /^$/,
    { id: 'id!', name: '', frameDuration: '', fieldOrder: '', width: '', height: '', colorSpace: '' },
  ],
  asset: [
    /^(media-rep )+(metadata )?$/,
    {
      ...{ id: 'id!', name: '', uid: '', start: '', duration: '', hasVideo: '', format: 'ref', hasAudio: '' },
      ...{ videoSources: '', audioSources: '', audioChannels: '', audioRate: '' },
    },
  ],
  'media-rep': [
    /^(bookmark )?$/,
    { kind: ['original-media', 'proxy-media'], sig: '', src: '!', suggestedFilename: '' },
  ],
  metadata: [/^(md )*$/, {}],
  md: [
    /^(array )?$/,
    {
      key: '!',
      value: '',
      editable: ['0', '1'],
      type: ['string', 'boolean', 'integer', 'float', 'date', 'timecode'],
    },
  ],
  library: [/^((event|smart-collection) )*$/, { location: '' }],
  event: [/^((clip|audition|mc-clip|ref-clip|sync-clip|asset-clip|project) )*$/, { name: '', uid: '' }],
  project: [/^sequence $/, { name: '', uid: '', modDate: '' }],
  sequence: [
    /^(note )?spine (metadata )?$/,
    {
      ...{ format: 'ref!', duration: '', tcStart: '', tcFormat: ['DF', 'NDF'] },
      ...{ audioLayout: ['mono', 'stereo', 'surround'], audioRate: ['32k', '44.1k', '48k', '88.2k', '96k'] },
    },
  ],
  spine: [
    /^((clip|audition|asset-clip|gap|transition) )*$/,
    { lane: '', offset: '', name: '', format: 'ref' },
  ],
  audition: [
    /^((audio|video|title|ref-clip|asset-clip|clip|sync-clip) )+$/,
    { lane: '', offset: '', modDate: '' },
  ],
  gap: [
    /^(note )?((asset-clip|audition|caption) )*(marker )*(metadata )?$/,
    { name: '', offset: '', start: '', duration: '!', enabled: ['0', '1'] },
  ],
  'asset-clip': [
    /^(note )?(conform-rate )?(timeMap )?((asset-clip|audition|caption) )*((marker|keyword) )*(metadata )?$/,
    {
      ...ANCHORED,
      ref: 'ref!',
      duration: '',
      format: 'ref',
      tcStart: '',
      tcFormat: ['DF', 'NDF'],
      audioRole: '',
    },
  ],
  'conform-rate': [
    /^$/,
    { scaleEnabled: ['0', '1'], srcFrameRate: RATES, frameSampling: ['floor', 'nearest-neighbor'] },
  ],
  marker: [/^$/, { start: '!', duration: '', value: '!', completed: '', note: '' }],
};

/** What is wrong with a document by that grammar; and with its times, which are fractions of seconds. */
export function fcpxmlFaults(root: XmlElement): string[] {
  const ids = new Set<string>();
  const refs: string[] = [];
  const faults: string[] = [];
  for (const element of Object.keys(GRAMMAR).flatMap((name) => elementsOf(root, name))) {
    const [content, attributes] = GRAMMAR[element.name] ?? [/^$/, {}];
    const children = element.children.map(({ name }) => `${name} `).join('');
    if (!content.test(children)) faults.push(`<${element.name}> has ${children}`);
    for (const { name } of element.children) if (!(name in GRAMMAR)) faults.push(`<${name}> is not known`);
    for (const [name, kind] of Object.entries(attributes))
      if (typeof kind === 'string' && kind.endsWith('!') && !(name in element.attributes))
        faults.push(`<${element.name}> lacks ${name}`);
    for (const [name, value] of Object.entries(element.attributes)) {
      const kind = attributes[name];
      if (kind === undefined) faults.push(`<${element.name}> has no ${name}`);
      else if (Array.isArray(kind) && !kind.includes(value)) faults.push(`${name}="${value}"`);
      else if (kind === 'id!') {
        if (ids.has(value)) faults.push(`the id ${value} is there twice`);
        ids.add(value);
      } else if (kind === 'ref' || kind === 'ref!') refs.push(value);
      if (
        ['offset', 'start', 'duration', 'tcStart', 'frameDuration'].includes(name) &&
        !/^\d+(\/\d+)?s$/.test(value)
      )
        faults.push(`${name}="${value}" is no time`);
    }
  }
  return [...faults, ...refs.filter((ref) => !ids.has(ref)).map((ref) => `nothing has the id ${ref}`)];
}
