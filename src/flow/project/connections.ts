import { join } from 'node:path';
import type { Attempt } from '../../domain/attempt.js';
import type { Gateway } from '../../gateway/gateway.js';
import { gatewayTarget, keyHint, presetOf, withoutKey, type GatewayTarget } from './gateway-target.js';
import type { Project } from './project.js';
import { sandboxSecret } from './webhook-secret.js';

/** The gateways a project talks to, each opened when it is first needed. */
export interface Connections {
  /** The gateway of this run. For the sandbox this starts it. */
  current(): Promise<Gateway>;
  /**
   * The models of this run's gateway at this moment. The sandbox's are read from the file that it serves, so that
   * no server is started for them. Throws what `Gateway.fetchCatalogue` throws.
   */
  fetchCatalogue(signal: AbortSignal): Promise<unknown>;
  /** The gateway an attempt was bought from; undefined if it is another one whose key we cannot know. */
  of(attempt: Pick<Attempt, 'gateway'>): Promise<Gateway | undefined>;
  /** Whether the gateway of this run gets its key. */
  readonly usesKey: boolean;
  /** From now on, it gets its key. */
  useKey(): void;
  close(): Promise<void>;
}

/** The name that attempts have for the gateway of a target. */
export function gatewayIdentity(target: GatewayTarget): string {
  return target.baseUrl ?? target.name;
}

/** What is needed to open a gateway. */
export type GatewayHome = Pick<Project, 'target' | 'env' | 'keys' | 'clock'> & {
  readonly paths: Pick<Project['paths'], 'cache'>;
};

/**
 * Opens nothing yet. Without `usesKey`, the gateway of the run never sends a key until `useKey` is called. If an older job was
 * bought from a preset, that preset gets its own key, which goes nowhere else.
 */
export function connect(project: GatewayHome, { usesKey }: { readonly usesKey: boolean }): Connections {
  const opened = new Map<string, Promise<Opened>>();
  const open = (target: GatewayTarget): Promise<Opened> => {
    const identity = `${target.isKeyHeld ? 'without key ' : ''}${gatewayIdentity(target)}`;
    const known = opened.get(identity);
    if (known) return known;
    const fresh = openTarget(target, project);
    opened.set(identity, fresh);
    return fresh;
  };
  let own = usesKey ? project.target : withoutKey(project.target);
  return {
    current: async () => (await open(own)).gateway,
    async fetchCatalogue(signal) {
      if (own.baseUrl !== undefined) return (await open(own)).gateway.fetchCatalogue(signal);
      const { catalogueBody } = await import('../../sandbox/models.js');
      return JSON.parse(catalogueBody().toString('utf8')) as unknown;
    },
    get usesKey() {
      return own.isKeyHeld === undefined;
    },
    useKey() {
      own = project.target;
    },
    async of(attempt) {
      if (attempt.gateway === gatewayIdentity(own)) return (await open(own)).gateway;
      const preset = presetOf(attempt.gateway);
      const target = preset && gatewayTarget({ kind: preset }, project.env, project);
      // Without a key the other gateway would only refuse, and a key goes only to its own gateway.
      return target?.apiKey === undefined ? undefined : (await open(target)).gateway;
    },
    async close() {
      const all = await Promise.allSettled(opened.values());
      for (const result of all) if (result.status === 'fulfilled') await result.value.close();
    },
  };
}

interface Opened {
  readonly gateway: Gateway;
  close(): Promise<void>;
}

async function openTarget(target: GatewayTarget, project: GatewayHome): Promise<Opened> {
  const { openGateway } = await import('../../gateway/gateway.js');
  const key = target.apiKey === undefined ? {} : { apiKey: target.apiKey };
  const common = {
    clock: project.clock,
    proxyEnv: project.env,
    keyHint: keyHint(target),
    ...key,
  };
  if (target.baseUrl !== undefined) {
    const gateway = openGateway({ ...common, baseUrl: target.baseUrl });
    return { gateway, close: () => gateway.close() };
  }
  const { startSandbox } = await import('../../sandbox/server.js');
  const sandbox = await startSandbox({
    stateDir: join(project.paths.cache, 'sandbox'),
    speed: target.speed ?? 1,
    webhookSecret: sandboxSecret(project.env, project.keys),
  });
  const gateway = openGateway({ ...common, baseUrl: sandbox.baseUrl });
  return {
    gateway,
    async close() {
      await gateway.close();
      await sandbox.close();
    },
  };
}
