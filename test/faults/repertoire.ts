import type { Endpoint, Fault } from '../helpers/gateway-server.js';

/** Something that a gateway does once in a while, and over which no promise may break. */
export interface Misdeed {
  readonly name: string;
  readonly on: Extract<Endpoint, 'submit' | 'content'>;
  readonly fault: Fault;
}

const ELSEWHERE = { location: 'https://gateway.example/api/v1/videos' };

const submit = (name: string, fault: Fault): Misdeed => ({ name, on: 'submit', fault });
const content = (name: string, fault: Fault): Misdeed => ({ name, on: 'content', fault });
const redirect = (status: number) =>
  submit(`a submit is redirected by ${status}`, { status, headers: ELSEWHERE });
const refusal = (status: number) => content(`a clip is refused once by ${status}`, status);
const emptiness = (status: number) => content(`a clip is answered once by ${status}`, { status, body: '' });

/** All that the gateway of the kills and of the stories may do beside its plain faults. */
export const REPERTOIRE: readonly Misdeed[] = [
  ...[301, 302, 303, 307, 308].map(redirect),
  submit('a submit is taken, and redirected to its job', 'see-other'),
  submit('a submit is answered with the id of another job', 'duplicate-id'),
  submit('a job is paid with a key of the user’s own, and costs nothing', 'byok'),
  ...[400, 401, 403, 409].map(refusal),
  ...[202, 204].map(emptiness),
  content('a page comes once instead of a clip', {
    status: 200,
    body: '<html><h1>One moment</h1></html>',
    headers: { 'content-type': 'text/html' },
  }),
  content('a clip comes once in half, and says that this is all', 'short'),
  content('what comes once under the type of a clip is none', {
    status: 200,
    body: 'no clip at all',
    headers: { 'content-type': 'video/mp4' },
  }),
];

/** The faults of the repertoire at one endpoint. */
export function repertoireOf(endpoint: Misdeed['on']): readonly Fault[] {
  return REPERTOIRE.filter(({ on }) => on === endpoint).map(({ fault }) => fault);
}
