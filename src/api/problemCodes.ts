// Every code of a problem: its usual status, and its title.
import type { ErrorCode } from '../errors.ts';

export const PROBLEMS: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>> = {
  'mailbox-invalid': { status: 400, title: 'Not a mailbox name' },
  'parameter-invalid': { status: 400, title: 'Invalid parameter' },
  'sign-in-required': { status: 401, title: 'Sign-in required' },
  'role-missing': { status: 403, title: 'Role missing' },
  'cross-site': { status: 403, title: 'Request from another site' },
  'mailbox-not-listed': { status: 403, title: 'Mailbox not listed' },
  'mailbox-refused': { status: 403, title: 'Mailbox refused' },
  'scope-breach': { status: 403, title: 'Scope breach' },
  'mailbox-not-found': { status: 404, title: 'Mailbox not found' },
  'scope-not-found': { status: 404, title: 'Scope not found' },
  'not-found': { status: 404, title: 'Not found' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  'run-in-progress': { status: 409, title: 'Run in progress' },
  'tables-in-use': { status: 409, title: 'Tables in use by another app' },
  throttled: { status: 429, title: 'Throttled' },
  'internal-error': { status: 500, title: 'Internal error' },
  'graph-error': { status: 502, title: 'Unexpected answer from Microsoft Graph' },
  'configuration-invalid': { status: 503, title: 'Invalid configuration' },
  'sign-in-off': { status: 503, title: 'Sign-in is off' },
  'graph-unavailable': { status: 503, title: 'Microsoft Graph unavailable' },
  'alert-undelivered': { status: 502, title: 'Alert not delivered' },
  'storage-unavailable': { status: 503, title: 'Storage unavailable' },
  'identity-unavailable': { status: 503, title: 'Identity unavailable' },
  'graph-timeout': { status: 504, title: 'Microsoft Graph did not answer' },
};

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ErrorCode[];
