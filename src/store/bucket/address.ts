import { nearest } from '../../domain/nearest.js';
import { DailiesError } from '../../errors.js';

/** A place in an S3-compatible object store, without credentials. */
export interface BucketAddress {
  readonly bucket: string;
  /** The prefix of all object names: empty, or with `/` at its end. */
  readonly prefix: string;
  /** The server's origin; if undefined, the SDK's own configuration gives it, AWS by default. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** Whether the bucket is in the path, and not in the host's name. */
  readonly pathStyle: boolean;
}

/** Whether a text names a bucket, and not a folder. */
export function isBucketAddress(text: string): boolean {
  return /^s3:/i.test(text);
}

const PARAMETERS = ['endpoint', 'region', 'path-style'];
const FORM = "write it as 's3://bucket/prefix?endpoint=https://…&region=…', in quotes";
const WHERE_CREDENTIALS_GO =
  'take them out: they come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile (AWS_PROFILE)';

/**
 * Reads `s3://bucket/prefix?endpoint=https://…&region=…&path-style=1`. Throws `usage`, without the text if it may contain
 * credentials.
 */
export function parseBucketAddress(text: string): BucketAddress {
  if (!/^s3:\/\/[^/]/i.test(text) || !URL.canParse(text)) throw unreadable('it does not name a bucket');
  const { username, password, hostname: bucket, port, pathname, searchParams, hash } = new URL(text);
  if (username !== '' || password !== '')
    throw unreadable('it must not contain credentials', WHERE_CREDENTIALS_GO);
  if (port !== '' || hash !== '' || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw unreadable('the part after s3:// is not the name of a bucket');
  for (const name of searchParams.keys()) {
    if (/key|secret|token|credential|signature|password/i.test(name))
      throw unreadable('it must not contain credentials', WHERE_CREDENTIALS_GO);
    const meant = nearest(name, PARAMETERS);
    if (!PARAMETERS.includes(name) || searchParams.getAll(name).length > 1)
      throw unreadable(
        `it has ${PARAMETERS.includes(name) ? 'two' : 'no'} parameters ${JSON.stringify(name)}`,
        meant === undefined || meant === name ? FORM : `did you mean ${meant}?`,
      );
  }
  return {
    bucket,
    prefix: prefixOf(pathname),
    endpoint: endpointOf(searchParams.get('endpoint')),
    region: regionOf(searchParams.get('region')),
    pathStyle: isOn(searchParams.get('path-style')),
  };
}

/** A place in the same bucket, below another. */
export function belowAddress(address: BucketAddress, name: string): BucketAddress {
  return { ...address, prefix: `${address.prefix}${name}/` };
}

/** The address of a bucket for people. */
export function shownAddress({ bucket, prefix, endpoint }: BucketAddress): string {
  const at = endpoint === undefined ? '' : ` at ${endpoint}`;
  return `s3://${bucket}/${prefix}`.replace(/\/$/, '') + at;
}

function prefixOf(pathname: string): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw unreadable('its prefix cannot be read');
  }
  const steps = path.split('/').filter((step) => step !== '');
  if (steps.some((step) => step === '.' || step === '..' || /[\p{Cc}\\]/u.test(step)))
    throw unreadable('its prefix has a part that servers read in different ways');
  return steps.map((step) => `${step}/`).join('');
}

function endpointOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.username !== '' || url.password !== ''))
    throw unreadable('it must not contain credentials', WHERE_CREDENTIALS_GO);
  const isPlain = url && url.pathname === '/' && url.search === '' && url.hash === '';
  if (!isPlain || !/^https?:$/.test(url.protocol))
    throw unreadable(
      'its endpoint is not the address of a server',
      'write it as endpoint=https://host, with a port if it has one',
    );
  return url.origin;
}

function regionOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  if (/^[a-z0-9-]{1,40}$/i.test(text)) return text;
  throw unreadable(
    'its region is not valid',
    'write it as region=eu-central-1, or whatever your server calls it',
  );
}

function isOn(text: string | null): boolean {
  if (text === null || /^(0|false|no)$/i.test(text)) return false;
  if (/^(1|true|yes|)$/i.test(text)) return true;
  throw unreadable('path-style is 1 or 0', FORM);
}

function unreadable(why: string, hint = FORM): DailiesError {
  return new DailiesError('usage', `the address of the bucket cannot be used: ${why}`, { hint });
}
