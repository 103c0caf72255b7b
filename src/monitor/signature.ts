import { createHmac, timingSafeEqual } from 'node:crypto';

/** A signature that is right, and when it was made: milliseconds since 1970. */
export interface Signed {
  readonly atMs: number;
  /** Lower-case hex. */
  readonly signature: string;
}

/**
 * Checks `t=<unix s>,v1=<hex>`, where the hex is HMAC-SHA256 over `<t>,<raw body>`; there may be several `v1` while a
 * secret is replaced. Undefined if none is right. Compares in constant time.
 */
export function checkSignature(
  header: string,
  { body, secret }: { readonly body: Buffer; readonly secret: string },
): Signed | undefined {
  const parts = header.split(',').map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  if (!/^\d{1,12}$/.test(time)) return undefined;
  const right = createHmac('sha256', secret).update(`${time},`).update(body).digest();
  const isRight = parts.some((part) => {
    const [, hex] = /^v1=([0-9a-f]{64})$/i.exec(part) ?? [];
    return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), right);
  });
  return isRight ? { atMs: Number(time) * 1000, signature: right.toString('hex') } : undefined;
}
