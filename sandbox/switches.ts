// The tenant's switches under /sandbox: they act as an administrator would, or cause faults.
import * as z from 'zod';
import { type App, findApp, listApps, RESOURCES, setPolicy } from './apps.ts';
import { createFaults } from './faults.ts';
import { addUser, DOMAIN, deliver, findUser, removeUser, type Tenant } from './tenant.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly body?: object;
}

const share = z.number().min(0).max(1);
const whole = z.number().int().min(0);
const limits = { after: whole.optional(), times: whole.optional() };
const errorBody = z.enum(['json', 'html', 'empty', 'raw']);
const status = z.number().int().min(100).max(599);
const mailbox = z
  .string()
  .min(3)
  .regex(/^[^\s/]+@[^\s/]+$/, 'a mailbox such as support@contoso.example');

const clientId = z.string().regex(/^\S+$/, 'a client id');
const app = clientId.optional();

const FAULTS = z.strictObject({
  latencyMs: whole.optional(),
  throttle: z.strictObject({ share, retryAfterSeconds: whole.optional(), ...limits }).optional(),
  error: z.strictObject({ share, status: status.optional(), body: errorBody.optional(), ...limits }).optional(),
  drop: z.strictObject({ share, ...limits }).optional(),
  token: z.strictObject({ app, status: z.union([z.literal(0), status]), ...limits }).optional(),
  propagationSeconds: z.number().min(0).optional(),
  mailboxes: z
    .record(z.string(), z.strictObject({ status, code: z.string().optional(), body: errorBody.optional(), ...limits }))
    .optional(),
  batch: z.enum(['reverse', 'omit', 'double', 'cut', 'raw', 'html']).optional(),
});

const APPS = z.strictObject({ apps: z.array(clientId) });

const POLICY = z.strictObject({
  /** Missing: the tenant's own app. */
  app,
  mechanism: z.enum(['application-access-policy', 'rbac', 'none']).optional(),
  members: z.array(z.string()).optional(),
  resources: z.array(z.enum(RESOURCES)).optional(),
});

const ROLES = z.strictObject({
  app,
  roles: z.array(z.string()).optional(),
  tokenLifetimeSeconds: z.number().int().min(1).optional(),
});

const MAILBOXES = z.union([
  z.strictObject({ count: z.number().int().min(1).max(1_000_000) }),
  z.strictObject({ mailboxes: z.array(mailbox).min(1) }),
]);

const RECEIVER = z.union([
  z.strictObject({ status, retryAfterSeconds: whole.optional(), body: z.string().optional(), ...limits }),
  z.strictObject({ mode: z.enum(['refuse', 'hang', 'cut', 'redirect', 'large']), ...limits }),
  z.strictObject({}),
]);

const MESSAGE = z.strictObject({ mailbox: z.string(), subject: z.string() });

class BadBody extends Error {}

/** Answers a call to `path` (below /sandbox). `body` is parsed JSON. A bad body gets a 400 that names the field. */
export function answerAdmin(tenant: Tenant, method: string, path: string, body: unknown): AdminAnswer {
  try {
    const call = `${method} ${path}`;
    if (call === 'GET /state') return { status: 200, body: state(tenant) };
    if (call === 'PUT /apps') return putApps(tenant, read(APPS, body));
    if (call === 'PUT /policy') return putPolicy(tenant, read(POLICY, body));
    if (call === 'PUT /roles') return putRoles(tenant, read(ROLES, body));
    if (call === 'PUT /faults') return putFaults(tenant, read(FAULTS, body));
    if (call === 'POST /mailboxes') return postMailboxes(tenant, read(MAILBOXES, body));
    if (call === 'POST /messages') return postMessage(tenant, read(MESSAGE, body));
    if (call === 'GET /alerts') return { status: 200, body: { value: tenant.receiver.deliveries } };
    if (call === 'PUT /receiver') return putReceiver(tenant, read(RECEIVER, body));
    const [, name] = /^DELETE \/mailboxes\/([^/]+)$/.exec(call) ?? [];
    if (name !== undefined) return deleteMailbox(tenant, decodeURIComponent(name));
    return problem(404, `The sandbox has no switch ${call}.`);
  } catch (error) {
    if (error instanceof BadBody || error instanceof URIError) return problem(400, error.message);
    throw error;
  }
}

function state(tenant: Tenant): object {
  return {
    ...appState(tenant.app),
    apps: appStates(tenant),
    faults: tenant.faults.settings,
    mailboxes: tenant.users.size,
    requests: tenant.requests,
  };
}

/** The state of the listed apps, by client id. */
function appStates({ apps }: Tenant): object {
  return Object.fromEntries([...(apps?.values() ?? [])].map((one) => [one.clientId, appState(one)]));
}

function appState(app: App): object {
  return { policy: policyOf(app), roles: app.roles, tokenLifetimeSeconds: app.tokenLifetimeSeconds };
}

function policyOf({ policy: { mechanism, members, resources } }: App): object {
  return { mechanism, members: [...members], ...(mechanism === 'rbac' ? { resources } : {}) };
}

function putApps(tenant: Tenant, { apps }: z.output<typeof APPS>): AdminAnswer {
  listApps(tenant, apps);
  return { status: 200, body: { apps: appStates(tenant) } };
}

function putPolicy(tenant: Tenant, wanted: z.output<typeof POLICY>): AdminAnswer {
  const app = namedApp(tenant, wanted.app);
  const { mechanism = app.policy.mechanism, members = app.policy.members } = wanted;
  if (wanted.resources && mechanism !== 'rbac') {
    throw new BadBody('resources: only rbac takes them; an application access policy covers all of them');
  }
  // A mechanism that is named begins with all of them. Whoever changes only the members keeps what is there.
  const resources = wanted.resources ?? (wanted.mechanism === undefined ? app.policy.resources : RESOURCES);
  setPolicy(tenant, app, { mechanism, members, resources });
  return { status: 200, body: policyOf(app) };
}

function putRoles(tenant: Tenant, { app: clientId, roles, tokenLifetimeSeconds }: z.output<typeof ROLES>): AdminAnswer {
  const app = namedApp(tenant, clientId);
  app.roles = roles ?? app.roles;
  app.tokenLifetimeSeconds = tokenLifetimeSeconds ?? app.tokenLifetimeSeconds;
  return { status: 200, body: { roles: app.roles, tokenLifetimeSeconds: app.tokenLifetimeSeconds } };
}

function namedApp(tenant: Tenant, clientId: string | undefined): App {
  const found = findApp(tenant, clientId);
  if (!found) throw new BadBody(`app: the tenant has no app ${clientId}; PUT /sandbox/apps lists them`);
  return found;
}

function putFaults(tenant: Tenant, settings: z.output<typeof FAULTS>): AdminAnswer {
  tenant.faults = createFaults(settings);
  return { status: 200, body: settings };
}

function postMailboxes(tenant: Tenant, wanted: z.output<typeof MAILBOXES>): AdminAnswer {
  const before = tenant.users.size;
  const numbered = (index: number) => `user${String(index + 1).padStart(5, '0')}@${DOMAIN}`;
  const names =
    'count' in wanted ? Array.from({ length: wanted.count }, (_, index) => numbered(index)) : wanted.mailboxes;
  for (const name of names) addUser(tenant, name);
  return { status: 201, body: { created: tenant.users.size - before, mailboxes: tenant.users.size } };
}

function postMessage(tenant: Tenant, { mailbox, subject }: z.output<typeof MESSAGE>): AdminAnswer {
  const user = findUser(tenant, mailbox);
  if (!user) return problem(404, `The tenant has no mailbox ${mailbox}.`);
  const { id, receivedAt } = deliver(tenant, user, subject);
  const receivedDateTime = new Date(receivedAt).toISOString().replace('.000Z', 'Z');
  return { status: 201, body: { id, mailbox: user.userPrincipalName, subject, receivedDateTime } };
}

function putReceiver(tenant: Tenant, settings: z.output<typeof RECEIVER>): AdminAnswer {
  tenant.receiver.configure(settings);
  return { status: 200, body: settings };
}

function deleteMailbox(tenant: Tenant, name: string): AdminAnswer {
  const user = findUser(tenant, name);
  if (!user) return problem(404, `The tenant has no mailbox ${name}.`);
  removeUser(tenant, user);
  return { status: 204 };
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const texts = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  throw new BadBody(texts.join('; '));
}

function problem(statusCode: number, detail: string): AdminAnswer {
  return { status: statusCode, body: { title: 'Bad request to the sandbox', status: statusCode, detail } };
}
