// Graph's side of the tenant: answers one request, alone or from a batch.
import { setTimeout as wait } from 'node:timers/promises';
import { failure, faultAnswer, faultBody, type GraphAnswer, type GraphRequest, TEXTS } from './answers.ts';
import { type App, policyInForce, type Resource } from './apps.ts';
import { listContacts, listEvents } from './calendarAndContacts.ts';
import { getUser, listUsers } from './directory.ts';
import { accessTo } from './exchangeAccess.ts';
import { getMessage, listMessages } from './inbox.ts';
import { getMailboxSettings } from './mailboxSettings.ts';
import { count, findUser, type Tenant, type User } from './tenant.ts';

/** Who asks, and where. */
export interface Caller {
  readonly tenant: Tenant;
  /** The app whose token came with the request. */
  readonly app: App;
  /** The tenant's own address. */
  readonly origin: string;
}

/** One request in a mailbox: what it asks for, and the answer if the mailbox opens. */
interface MailboxRequest {
  readonly resource: Resource;
  /** The name under which it is counted. */
  readonly kind: string;
  readonly answer: (user: User) => GraphAnswer;
}

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
export async function answerGraph(caller: Caller, request: GraphRequest): Promise<GraphAnswer> {
  const { tenant, origin } = caller;
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
  if (isOtherFolder(rest)) return failure(request, 400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
  const asked = mailboxRequest(caller, request, params, rest);
  if (!asked) return unknownSegment(request, rest.at(-1) ?? '');
  count(tenant.requests.byKind, asked.kind);
  return inMailbox(caller, request, id, asked);
}

/** What is asked for in a mailbox; undefined for a path that the sandbox does not know. */
function mailboxRequest(
  { app: { roles }, origin }: Caller,
  request: GraphRequest,
  params: URLSearchParams,
  rest: readonly string[],
): MailboxRequest | undefined {
  const path = rest.join('/').toLowerCase();
  if (path === 'mailfolders/inbox/messages') {
    const answer = (user: User) => listMessages(request, params, user, roles, origin);
    return { resource: 'mail', kind: 'messages', answer };
  }
  if (path === 'calendar/events' || path === 'events') {
    const answer = (user: User) => listEvents(request, params, user, roles, origin);
    return { resource: 'calendar', kind: 'events', answer };
  }
  if (path === 'contacts') {
    const answer = (user: User) => listContacts(request, params, user, origin);
    return { resource: 'contacts', kind: 'contacts', answer };
  }
  if (path === 'mailboxsettings') {
    const answer = (user: User) => getMailboxSettings(request, params, user, origin);
    return { resource: 'settings', kind: 'mailboxSettings', answer };
  }
  // Message ids are case-sensitive.
  const [first, messageId, ...more] = rest;
  if (first?.toLowerCase() !== 'messages' || messageId === undefined || more.length > 0) return undefined;
  const answer = (user: User) => getMessage(request, params, user, messageId, roles, origin);
  return { resource: 'mail', kind: 'message', answer };
}

/** Whether the path names messages of a folder that this tenant does not have. */
function isOtherFolder(rest: readonly string[]): boolean {
  const [first, second, third, ...more] = rest.map((segment) => segment.toLowerCase());
  return first === 'mailfolders' && second !== 'inbox' && third === 'messages' && more.length === 0;
}

async function inMailbox(
  caller: Caller,
  request: GraphRequest,
  key: string,
  asked: MailboxRequest,
): Promise<GraphAnswer> {
  const { tenant } = caller;
  const user = findUser(tenant, key);
  const mailbox = user?.userPrincipalName.toLowerCase() ?? key.toLowerCase();
  const result = await limited(caller, request, mailbox, user, asked);
  count(tenant.requests.byMailbox, mailbox);
  count(tenant.requests.byOutcome, outcomeOf(result));
  return result;
}

async function limited(
  caller: Caller,
  request: GraphRequest,
  mailbox: string,
  user: User | undefined,
  { resource, answer }: MailboxRequest,
): Promise<GraphAnswer> {
  const { tenant, app } = caller;
  const key = user?.id ?? '';
  const atWork = app.atWork.get(key) ?? 0;
  if (user && atWork >= MAILBOX_CONCURRENCY) {
    return failure(request, 429, 'ApplicationThrottled', TEXTS.concurrency, { 'Retry-After': '1' });
  }
  if (user) app.atWork.set(key, atWork + 1);
  try {
    const { latencyMs = 0 } = tenant.faults.settings;
    if (latencyMs > 0) await wait(latencyMs);
    const refused = faultOf(tenant, request, mailbox) ?? refusalOf(caller, request, user, mailbox, resource);
    return refused ?? answer(user as User);
  } finally {
    if (user) leave(app, key);
  }
}

function leave({ atWork }: App, key: string): void {
  const left = (atWork.get(key) ?? 1) - 1;
  if (left > 0) atWork.set(key, left);
  else atWork.delete(key);
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
  caller: Caller,
  request: GraphRequest,
  user: User | undefined,
  key: string,
  resource: Resource,
): GraphAnswer | undefined {
  if (!user) return failure(request, 404, 'ErrorInvalidUser', `The requested user '${key}' is invalid.`);
  if (!user.licensed) return failure(request, 404, 'MailboxNotEnabledForRESTAPI', TEXTS.noMailbox);
  const access = memberAccess(caller, user, resource);
  if (access === 'closed-by-policy') return failure(request, 403, 'ErrorAccessDenied', TEXTS.policy);
  if (access === 'no-permission') return failure(request, 403, 'ErrorAccessDenied', TEXTS.accessDenied);
  return undefined;
}

function memberAccess({ tenant, app }: Caller, user: User, resource: Resource) {
  const policy = policyInForce(tenant, app);
  const name = user.userPrincipalName.toLowerCase();
  // The policy may name a member by object id.
  return accessTo(policy.members.has(user.id) ? user.id : name, resource, policy, app.roles);
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
