import { afterEach, beforeEach, expect } from 'vitest';
import { startGatewayServer, type GatewayServer, type GatewayServerOptions } from './gateway-server.js';

/**
 * A gateway of its own for each test of the file or of the `describe`: it starts before the test, and stops after it
 * once nothing has been sent against the contract. What is returned is at any time the server of the current test.
 */
export function useGateway(options?: GatewayServerOptions): GatewayServer {
  let current: GatewayServer | undefined;
  beforeEach(async () => {
    current = await startGatewayServer(options);
  });
  afterEach(async () => {
    const server = current;
    current = undefined;
    await server?.close();
    expect(server?.violations).toEqual([]);
  });
  return new Proxy({} as GatewayServer, {
    get(_, member: keyof GatewayServer) {
      if (!current) throw new Error('A gateway of useGateway is there only while a test runs.');
      return Reflect.get(current, member) as unknown;
    },
  });
}
