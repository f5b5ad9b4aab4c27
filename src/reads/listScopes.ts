// Answers what each scope watches, and where it stands.
import type { ScopeView } from '../api/answerSchemas.ts';
import { MailscopeError } from '../errors.ts';
import type { Scopes, Services } from '../services.ts';
import type { GraphIdentity } from '../settings/identity.ts';
import { lookAtHealth } from './health.ts';
import { lastCounts } from './lastCounts.ts';

/** All scopes, in the order of `SCOPES`. One that cannot answer says why in `problems`, and has null for what it cannot know. */
export function listScopes({ all }: Scopes): Promise<ScopeView[]> {
  return Promise.all(all.map(viewOf));
}

async function viewOf(services: Services): Promise<ScopeView> {
  const { settings } = services.configuration;
  const [{ health }, mailboxes, counts] = await Promise.all([
    lookAtHealth(services),
    countListed(services),
    settings ? countsOf(services) : null,
  ]);
  return {
    name: services.scope,
    resource: settings?.resource ?? null,
    identity: settings ? identityOf(settings.graphIdentity) : null,
    mailboxes,
    verdicts: counts?.verdicts ?? null,
    openDrift: counts?.openDrift ?? null,
    lastCompletedRun: counts?.run.id ?? null,
    controlHeld: counts?.result.controlHeld ?? null,
    status: health.status,
    problems: health.problems,
  };
}

function identityOf(identity: GraphIdentity): NonNullable<ScopeView['identity']> {
  return { kind: identity.kind, clientId: ('clientId' in identity ? identity.clientId : undefined) ?? null };
}

async function countListed(services: Services): Promise<ScopeView['mailboxes']> {
  const plan = await orNull(() => services.list());
  return plan && { allowed: plan.count('allowed'), denied: plan.count('denied') };
}

function countsOf(services: Services) {
  return orNull(() => lastCounts(services));
}

/** Null where the settings or storage fail: the problems of the scope say so, and the look at its health logs why. */
async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const isKnown = error instanceof MailscopeError;
    if (!isKnown || !['configuration-invalid', 'storage-unavailable'].includes(error.code)) throw error;
    return null;
  }
}
