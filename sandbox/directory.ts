// The directory: answers about users, as a list and one by one. It needs a token, but no role.
import { failure, type GraphAnswer, type GraphRequest, ok } from './answers.ts';
import { displayName } from './inbox.ts';
import { type Collection, QueryError, readQuery } from './odataQuery.ts';
import type { Tenant, User } from './tenant.ts';

type Show = (user: User) => unknown;

// The default properties of microsoft.graph.user, in Graph's order.
const PROPERTIES: Readonly<Record<string, Show>> = {
  businessPhones: () => [],
  displayName,
  givenName: displayName,
  jobTitle: () => null,
  mail: (user) => (user.licensed ? user.userPrincipalName : null),
  mobilePhone: () => null,
  officeLocation: () => null,
  preferredLanguage: () => null,
  surname: () => null,
  userPrincipalName: (user) => user.userPrincipalName,
  id: (user) => user.id,
};

const USERS: Collection = {
  type: 'microsoft.graph.user',
  properties: new Set(Object.keys(PROPERTIES)),
  sortable: new Set(['displayName', 'userPrincipalName']),
  largestTop: 999,
};

const DEFAULT_PAGE = 100;

/** `GET /users` */
export function listUsers(request: GraphRequest, params: URLSearchParams, tenant: Tenant, origin: string): GraphAnswer {
  return answering(request, () => {
    const { select, top = DEFAULT_PAGE, count, orderby, skiptoken, skip } = readQuery(params, USERS);
    if (skip > 0)
      throw new QueryError('Request_BadRequest', '$skip is not supported on users; follow @odata.nextLink.');
    const direction = orderby?.descending ? -1 : 1;
    const users = [...tenant.users.values()].sort(
      (a, b) => direction * a.userPrincipalName.localeCompare(b.userPrincipalName, 'en'),
    );
    const after = skiptoken === undefined ? undefined : Buffer.from(skiptoken, 'base64url').toString();
    const from = after === undefined ? 0 : users.findIndex((user) => user.id === after) + 1;
    const page = users.slice(from, from + top);
    const last = page.at(-1);
    return ok({
      '@odata.context': `${origin}/v1.0/$metadata#users${select ? `(${select.join(',')})` : ''}`,
      ...(count ? { '@odata.count': users.length } : {}),
      ...(last && from + top < users.length ? { '@odata.nextLink': nextLink(origin, params, last) } : {}),
      value: page.map((user) => show(user, select)),
    });
  });
}

/** `GET /users/{id}` */
export function getUser(request: GraphRequest, params: URLSearchParams, user: User, origin: string): GraphAnswer {
  return answering(request, () => {
    const { select } = readQuery(params, USERS);
    const context = `${origin}/v1.0/$metadata#users${select ? `(${select.join(',')})` : ''}/$entity`;
    return ok({ '@odata.context': context, ...show(user, select) });
  });
}

function answering(request: GraphRequest, answer: () => GraphAnswer): GraphAnswer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof QueryError) return failure(request, 400, error.code, error.message);
    throw error;
  }
}

function show(user: User, select: readonly string[] | undefined): Record<string, unknown> {
  return Object.fromEntries((select ?? Object.keys(PROPERTIES)).map((name) => [name, PROPERTIES[name]?.(user)]));
}

function nextLink(origin: string, params: URLSearchParams, last: User): string {
  const next = new URLSearchParams(params);
  for (const name of [...next.keys()]) if (/^\$?skiptoken$/i.test(name)) next.delete(name);
  next.set('$skiptoken', Buffer.from(last.id).toString('base64url'));
  return `${origin}/v1.0/users?${next}`;
}
