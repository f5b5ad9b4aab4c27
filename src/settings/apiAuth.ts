// API_AUTH: whether callers of the API show a function key, or sign in with Microsoft Entra.
import type { Environment } from './settings.ts';

export type ApiAuth = 'key' | 'entra';

/** Only exactly `entra` opens functions without a key: a value that is misspelt must not. */
export function registeredApiAuth(environment: Environment = process.env): ApiAuth {
  return environment.API_AUTH === 'entra' ? 'entra' : 'key';
}

/** Whether the platform's sign-in is on. It sets the variable itself, and takes its headers out of what callers send. */
export function isSignInOn(environment: Environment): boolean {
  return environment.WEBSITE_AUTH_ENABLED === 'True';
}

/** The fault of the value, as the text after the setting's name; null when there is none. */
export function apiAuthFault({ API_AUTH: value }: Environment): string | null {
  if (!value?.trim() || value === 'key' || value === 'entra') return null;
  return `is "${value}". Use one of key, entra.`;
}
