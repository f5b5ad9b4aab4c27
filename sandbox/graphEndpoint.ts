// Graph's side of the tenant: answers one request, alone or from a batch.
import { setTimeout as wait } from 'node:timers/promises';
import { failure, faultAnswer, faultBody, type GraphAnswer, type GraphRequest, TEXTS } from './answers.ts';
import { getUser, listUsers } from './directory.ts';
import { accessTo } from './exchangeAccess.ts';
import { getMessage, listMessages } from './inbox.ts';
import { count, findUser, policyInForce, type Tenant, type User } from './tenant.ts';

/** "Outlook service limits": concurrent requests of one app in one mailbox. */
const MAILBOX_CONCURRENCY = 4;

/**
 * Answers a request with a good token.
 *
 * 1. Parse the path. An unknown path is a 400, as at Graph.
 * 2. Apply the limit and the faults of mailbox requests: four at once, latency, throttling, errors, the mailbox's own.
 * 3. Check that the mailbox exists, has a licence, and is opened by the policy and the roles.
 * 4. Answer the query.
 */
export async function answerGraph(tenant: Tenant, request: GraphRequest, origin: string): Promise<GraphAnswer> {
  const [path = '', search = ''] = request.url.split('?', 2);
  const segments = readPath(path);
  if (!segments) return failure(request, 400, 'BadRequest', 'Bad Request - Invalid URL');
  const [root, id, ...rest] = segments;
  if (root?.toLowerCase() !== 'users') return unknownSegment(request, root ?? '');
  if (request.method !== 'GET') {
    return failure(
      request,
      405,
      'Request_BadRequest',
      `The HTTP method ${request.method} is not supported on this resource.`,
    );
  }
  const params = new URLSearchParams(search);
  if (id === undefined) {
    count(tenant.requests.byKind, 'users');
    return listUsers(request, params, tenant, origin);
  }
  if (rest.length === 0) {
    count(tenant.requests.byKind, 'user');
    const user = findUser(tenant, id);
    return user ? getUser(request, params, user, origin) : noSuchResource(request, id);
  }
  const [first = '', second = '', third = ''] = rest.map((segment) => segment.toLowerCase());
  if (rest.length === 3 && first === 'mailfolders' && third === 'messages') {
    if (second !== 'inbox') return failure(request, 400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
    count(tenant.requests.byKind, 'messages');
    return inMailbox(tenant, request, id, (user) => listMessages(request, params, user, tenant.roles, origin));
  }
  if (rest.length === 2 && first === 'messages') {
    count(tenant.requests.byKind, 'message');
    // Message ids are case-sensitive.
    const messageId = rest[1] ?? '';
    return inMailbox(tenant, request, id, (user) => getMessage(request, params, user, messageId, tenant.roles, origin));
  }
  return unknownSegment(request, rest.at(-1) ?? '');
}

async function inMailbox(
  tenant: Tenant,
  request: GraphRequest,
  key: string,
  answer: (user: User) => GraphAnswer,
): Promise<GraphAnswer> {
  const user = findUser(tenant, key);
  const mailbox = user?.userPrincipalName.toLowerCase() ?? key.toLowerCase();
  const result = await limited(tenant, request, mailbox, user, answer);
  count(tenant.requests.byMailbox, mailbox);
  count(tenant.requests.byOutcome, outcomeOf(result));
  return result;
}

async function limited(
  tenant: Tenant,
  request: GraphRequest,
  mailbox: string,
  user: User | undefined,
  answer: (user: User) => GraphAnswer,
): Promise<GraphAnswer> {
  if (user && user.atWork >= MAILBOX_CONCURRENCY) {
    return failure(request, 429, 'ApplicationThrottled', TEXTS.concurrency, { 'Retry-After': '1' });
  }
  if (user) user.atWork += 1;
  try {
    const { latencyMs = 0 } = tenant.faults.settings;
    if (latencyMs > 0) await wait(latencyMs);
    return faultOf(tenant, request, mailbox) ?? refusalOf(tenant, request, user, mailbox) ?? answer(user as User);
  } finally {
    if (user) user.atWork -= 1;
  }
}

function faultOf(tenant: Tenant, request: GraphRequest, mailbox: string): GraphAnswer | undefined {
  const { faults } = tenant;
  if (faults.hitsThrottle()) {
    const seconds = faults.settings.throttle?.retryAfterSeconds ?? 1;
    return failure(request, 429, 'TooManyRequests', TEXTS.throttled, { 'Retry-After': `${seconds}` });
  }
  if (faults.hitsError()) {
    const { status = 503, body = 'json' } = faults.settings.error ?? {};
    return faultBody(faultAnswer(request, status), body);
  }
  const own = faults.mailboxFault(mailbox);
  return own && faultBody(faultAnswer(request, own.status, own.code), own.body ?? 'json');
}

/** The answer if the mailbox does not open; undefined if it does. */
function refusalOf(
  tenant: Tenant,
  request: GraphRequest,
  user: User | undefined,
  key: string,
): GraphAnswer | undefined {
  if (!user) return failure(request, 404, 'ErrorInvalidUser', `The requested user '${key}' is invalid.`);
  if (!user.licensed) return failure(request, 404, 'MailboxNotEnabledForRESTAPI', TEXTS.noMailbox);
  const access = memberAccess(tenant, user);
  if (access === 'closed-by-policy') return failure(request, 403, 'ErrorAccessDenied', TEXTS.policy);
  if (access === 'no-permission') return failure(request, 403, 'ErrorAccessDenied', TEXTS.accessDenied);
  return undefined;
}

function memberAccess(tenant: Tenant, user: User) {
  const policy = policyInForce(tenant);
  const name = user.userPrincipalName.toLowerCase();
  // The policy may name a member by object id.
  return accessTo(policy.members.has(user.id) ? user.id : name, policy, tenant.roles);
}

const NO_MAILBOX = new Set([
  'MailboxNotEnabledForRESTAPI',
  'ErrorNonExistentMailbox',
  'ErrorFolderNotFound',
  'ErrorItemNotFound',
]);

function outcomeOf({ status, body }: GraphAnswer): string {
  if (status === 200) return 'readable';
  const code = typeof body === 'object' && 'error' in body ? (body.error as { code?: string }).code : undefined;
  if (status === 403) return code === 'ErrorAccessDenied' ? 'refused' : 'unexpected';
  if (status === 404) return code !== undefined && NO_MAILBOX.has(code) ? 'no-mailbox' : 'not-found';
  if (status === 401) return 'token';
  if (status === 429) return 'throttled';
  return status >= 500 || status === 424 ? 'service' : 'unexpected';
}

/** The decoded segments, with `users('x')` as `users/x`; undefined when an escape cannot be decoded. */
function readPath(path: string): string[] | undefined {
  try {
    const segments: string[] = [];
    for (const raw of path.split('/').filter((one) => one !== '')) {
      const segment = decodeURIComponent(raw);
      const [, name, key] = /^(\w+)\('(.*)'\)$/s.exec(segment) ?? [];
      if (name === undefined || key === undefined) segments.push(segment);
      else segments.push(name, key.replaceAll("''", "'"));
    }
    return segments;
  } catch {
    return undefined;
  }
}

function noSuchResource(request: GraphRequest, id: string): GraphAnswer {
  const text = `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`;
  return failure(request, 404, 'Request_ResourceNotFound', text);
}

function unknownSegment(request: GraphRequest, segment: string): GraphAnswer {
  return failure(request, 400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
}
