// The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, in upper or lower case.
import * as http from 'node:http';
import type { Environment } from './settings.ts';

export const PROXY_SETTINGS = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'] as const;

/** Whether a proxy's address can be used. It may hold a password, so nobody prints it. */
export function isProxyAddress(value: string): boolean {
  const { protocol = '' } = URL.parse(value) ?? {};
  return protocol === 'http:' || protocol === 'https:';
}

export function hasProxy(environment: Environment): boolean {
  return PROXY_SETTINGS.some((name) => environment[name]?.trim());
}

/**
 * Makes `fetch` use the proxy: Graph, webhooks and the heartbeat. The libraries of Azure, for tokens and storage, read
 * the same variables by themselves. A Node before 24.14 lacks the function; from 22.21 on,
 * NODE_USE_ENV_PROXY=1 does the same.
 */
export function useProxy(environment: Environment = process.env): void {
  const isBad = (name: string) => {
    const value = environment[name]?.trim();
    return PROXY_SETTINGS.some((one) => one === name) && value !== undefined && !isProxyAddress(value);
  };
  // One that is wrong is a fault of the settings. It must not keep the app from loading.
  const usable = Object.fromEntries(Object.entries(environment).filter(([name]) => !isBad(name)));
  if (hasProxy(usable)) http.setGlobalProxyFromEnv?.(usable);
}
