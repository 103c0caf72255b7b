/**
 * Query parameters that sign a URL or carry a secret, lower-case: AWS and its likes (`x-amz-…`), Google Cloud,
 * CloudFront, Azure SAS, Alibaba OSS, Volcengine TOS, Tencent COS, Akamai, and the words people use by hand.
 */
const SIGNING = new Set([
  ...[
    'signature',
    'sig',
    'sign',
    'expires',
    'expiry',
    'exp',
    'policy',
    'key-pair-id',
    'hmac',
    'hdnea',
    'hdnts',
  ],
  ...[
    'token',
    'access_token',
    'auth',
    'auth_key',
    'authorization',
    'api_key',
    'apikey',
    'key',
    'secret',
    'jwt',
  ],
  ...['awsaccesskeyid', 'googleaccessid', 'ossaccesskeyid', 'security-token', '__token__', 'verify'],
]);
const SIGNING_PREFIXES = ['x-amz-', 'x-goog-', 'x-oss-', 'x-tos-', 'x-cos-', 'q-sign-', 'q-ak', 'q-key-'];
/** Azure's shared access signature; these short names mean that only beside `sig`. */
const AZURE_SAS = new Set(
  'sv ss srt sp se st spr sr skoid sktid skt ske sks skv sip saoid suoid scid'.split(' '),
);

/**
 * The URL without what signs it: no credentials, no fragment, no signing parameters. Fit to be kept,
 * shown and compared: two signatures of one file give the same text, and so do two spellings of one address.
 */
export function unsignedUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.hash = '';
  for (const name of signingParameters(url)) url.searchParams.delete(name);
  // A question mark at the end.
  if (url.search === '') url.search = '';
  return url.href;
}

/** Whether a URL carries credentials or a signature, and so must not be kept as it is. */
export function isSigned(text: string): boolean {
  // Hardly any text is a URL, and parsing one takes long.
  if (!text.includes(':')) return false;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username !== '' || url.password !== '' || signingParameters(url).length > 0;
}

/** A value of the manifest with each signed URL in it as `unsignedUrl` gives it; all other texts stay as they are. */
export function unsigned<T>(value: T): T;
export function unsigned(value: unknown): unknown {
  if (typeof value === 'string') return isSigned(value) ? unsignedUrl(value) : value;
  if (Array.isArray(value)) return value.map((item: unknown) => unsigned(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unsigned<unknown>(item)]));
}

/** A text that may contain signed URLs, whole or not, with an asterisk for each character of the signatures. */
export function maskSignatures(text: string): string {
  return text.replace(/(?<=[?&]([^\s?&=#"']+)=)[^\s&#"'<>\]}]+/g, (value: string, name: string) =>
    isSigning(name) ? '*'.repeat(value.length) : value,
  );
}

/** A text that may contain addresses of databases, whole or not, without their passwords. */
export function maskPasswords(text: string): string {
  return text.replace(/(:\/\/[^\s:/@]*:)\S*(?=@)/g, '$1***').replace(/([?&]password=)[^\s&#"']+/gi, '$1***');
}

function signingParameters(url: URL): string[] {
  const isAzure = url.searchParams.has('sig');
  return [...new Set(url.searchParams.keys())].filter(
    (name) => isSigning(name) || (isAzure && AZURE_SAS.has(name.toLowerCase())),
  );
}

function isSigning(name: string): boolean {
  const lower = name.toLowerCase();
  return SIGNING.has(lower) || SIGNING_PREFIXES.some((prefix) => lower.startsWith(prefix));
}
