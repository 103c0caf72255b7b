import { describe, expect, it } from 'vitest';
import { parseBucketAddress, shownAddress } from '../../../src/store/bucket/address.js';

describe('the address of a bucket', () => {
  it('has a bucket, a prefix, and what the server needs', () => {
    const text =
      's3://clips/team/films?endpoint=https://s3.example.com:9000&region=eu-central-1&path-style=1';
    const address = parseBucketAddress(text);
    expect(address).toEqual({
      bucket: 'clips',
      prefix: 'team/films/',
      endpoint: 'https://s3.example.com:9000',
      region: 'eu-central-1',
      pathStyle: true,
    });
    expect(shownAddress(address)).toBe('s3://clips/team/films at https://s3.example.com:9000');
    expect(parseBucketAddress('s3://clips')).toMatchObject({ prefix: '', pathStyle: false });
  });

  it.each([
    's3://AKIASECRET:hush@clips/team',
    's3://clips/team?secret_access_key=hush',
    's3://clips/team?X-Amz-Security-Token=hush',
    's3://clips/team?endpoint=https://me:hush@s3.example.com',
  ])('has no credentials in it, and none are shown: %s', (text) => {
    const parse = () => parseBucketAddress(text);
    expect(parse).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
    expect(parse).toThrow(/it must not contain credentials/);
    expect(parse).not.toThrow(/hush/);
  });

  it.each([
    ['s3:///team', 'does not name a bucket'],
    ['s3://clips/team?endpont=https://a', 'endpont'],
    ['s3://clips/team?endpoint=ftp://a', 'endpoint'],
    ['s3://clips/team?region=a/b', 'region'],
    ['s3://clips/team?path-style=perhaps', 'path-style'],
  ])('is told of where it is wrong: %s', (text, why) => {
    expect(() => parseBucketAddress(text)).toThrow(why);
  });
});
