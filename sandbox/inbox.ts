// Answers about a mailbox's inbox and its messages, as Graph does.

import { failure, type GraphAnswer, type GraphRequest, ok } from './answers.ts';
import { mayReadBodies } from './exchangeAccess.ts';
import { type Collection, type Query, QueryError, readQuery } from './odataQuery.ts';
import type { Message, User } from './tenant.ts';

type Show = (message: Message, user: User) => unknown;

const time = (message: Message) => new Date(message.receivedAt).toISOString().replace('.000Z', 'Z');
const sender = () => ({ emailAddress: { name: 'Customer', address: 'customer@fabrikam.example' } });
const bodyText = (message: Message) => `About: ${message.subject}`;

// The default properties of microsoft.graph.message, in Graph's order.
const PROPERTIES: Readonly<Record<string, Show>> = {
  id: (message) => message.id,
  createdDateTime: time,
  lastModifiedDateTime: time,
  changeKey: (message) => changeKey(message),
  categories: () => [],
  receivedDateTime: time,
  sentDateTime: time,
  hasAttachments: () => false,
  internetMessageId: (message) => `<${message.sequence}@fabrikam.example>`,
  subject: (message) => message.subject,
  bodyPreview: bodyText,
  importance: () => 'normal',
  parentFolderId: (_message, user) => `AAMkF${user.id.replaceAll('-', '')}AAA=`,
  conversationId: (message) => `AAQkC${message.sequence}=`,
  conversationIndex: (message) => Buffer.from(`index ${message.sequence}`).toString('base64'),
  isDeliveryReceiptRequested: () => false,
  isReadReceiptRequested: () => false,
  isRead: () => false,
  isDraft: () => false,
  webLink: (message) =>
    `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(message.id)}&viewmodel=ReadMessageItem`,
  inferenceClassification: () => 'focused',
  body: (message) => ({ contentType: 'text', content: bodyText(message) }),
  sender,
  from: sender,
  toRecipients: (_message, user) => [recipient(user)],
  ccRecipients: () => [],
  bccRecipients: () => [],
  replyTo: () => [],
  flag: () => ({ flagStatus: 'notFlagged' }),
};

/** The properties that `Mail.ReadBasic` does not show. */
const BODY_PROPERTIES = new Set(['body', 'bodyPreview', 'uniqueBody']);

const MESSAGES: Collection = {
  type: 'Microsoft.OutlookServices.Message',
  properties: new Set(Object.keys(PROPERTIES)),
  sortable: new Set(['receivedDateTime', 'sentDateTime', 'createdDateTime', 'lastModifiedDateTime', 'subject']),
  largestTop: 1000,
};

const DEFAULT_PAGE = 10;

/**
 * `GET /users/{id}/mailFolders/inbox/messages`.
 *
 * The next link holds the last message of the page, not a number of messages to skip. So new mail between two pages
 * neither hides a message nor shows one twice.
 */
export function listMessages(
  request: GraphRequest,
  params: URLSearchParams,
  user: User,
  roles: readonly string[],
  origin: string,
): GraphAnswer {
  let query: Query;
  try {
    query = readQuery(params, MESSAGES);
    const all = sorted(user.messages ?? [], query);
    const from = query.skiptoken === undefined ? query.skip : positionAfter(all, query);
    const size = query.top ?? DEFAULT_PAGE;
    const page = all.slice(from, from + size);
    const last = page.at(-1);
    const path = `users('${encodeURIComponent(user.userPrincipalName)}')/mailFolders('inbox')/messages`;
    const fields = query.select ? `(${query.select.join(',')})` : '';
    return ok({
      '@odata.context': `${origin}/v1.0/$metadata#${path}${fields}`,
      ...(query.count ? { '@odata.count': all.length } : {}),
      value: page.map((message) => show(message, user, query.select, roles)),
      ...(last && from + size < all.length ? { '@odata.nextLink': nextLink(origin, request, params, last) } : {}),
    });
  } catch (error) {
    if (error instanceof QueryError) return failure(request, 400, error.code, error.message);
    throw error;
  }
}

/** `GET /users/{id}/messages/{id}` */
export function getMessage(
  request: GraphRequest,
  params: URLSearchParams,
  user: User,
  id: string,
  roles: readonly string[],
  origin: string,
): GraphAnswer {
  const message = user.messages?.find((one) => one.id === id);
  if (!message) return failure(request, 404, 'ErrorItemNotFound', 'The specified object was not found in the store.');
  try {
    for (const name of params.keys()) {
      if (!/^\$?select$/i.test(name))
        throw new QueryError('BadRequest', `The query parameter '${name}' is not supported.`);
    }
    const { select } = readQuery(params, MESSAGES);
    const path = `users('${encodeURIComponent(user.userPrincipalName)}')/messages${select ? `(${select.join(',')})` : ''}/$entity`;
    return ok({ '@odata.context': `${origin}/v1.0/$metadata#${path}`, ...show(message, user, select, roles) });
  } catch (error) {
    if (error instanceof QueryError) return failure(request, 400, error.code, error.message);
    throw error;
  }
}

function show(message: Message, user: User, select: readonly string[] | undefined, roles: readonly string[]) {
  const withBody = mayReadBodies(roles, 'Mail');
  const names = select ? ['id', ...select] : Object.keys(PROPERTIES);
  const shown: Record<string, unknown> = { '@odata.etag': `W/"${changeKey(message)}"` };
  for (const name of names) {
    if (withBody || !BODY_PROPERTIES.has(name)) shown[name] = PROPERTIES[name]?.(message, user);
  }
  return shown;
}

function sorted(messages: readonly Message[], { orderby }: Query): readonly Message[] {
  // The inbox is sorted newest first, which is also Graph's order when the request names none.
  if (!orderby || (orderby.property !== 'subject' && orderby.descending)) return messages;
  const direction = orderby.descending ? -1 : 1;
  if (orderby.property !== 'subject') return messages.toReversed();
  return messages.toSorted((a, b) => direction * (a.subject.localeCompare(b.subject, 'en') || a.sequence - b.sequence));
}

function positionAfter(all: readonly Message[], { skiptoken }: Query): number {
  const sequence = Number(Buffer.from(skiptoken ?? '', 'base64url').toString());
  const index = all.findIndex((message) => message.sequence === sequence);
  if (index < 0) throw new QueryError('BadRequest', 'The skip token is not valid.');
  return index + 1;
}

function nextLink(origin: string, request: GraphRequest, params: URLSearchParams, last: Message): string {
  const next = new URLSearchParams(params);
  for (const name of [...next.keys()]) if (/^\$?skip(token)?$/i.test(name)) next.delete(name);
  next.set('$skiptoken', Buffer.from(`${last.sequence}`).toString('base64url'));
  return `${origin}/v1.0${request.url.split('?')[0]}?${next}`;
}

function changeKey(message: Message): string {
  return Buffer.from(`change ${message.sequence}`).toString('base64');
}

function recipient(user: User) {
  return { emailAddress: { name: displayName(user), address: user.userPrincipalName } };
}

/** "support" of support@contoso.example, with a capital. */
export function displayName(user: User): string {
  const name = user.userPrincipalName.split('@')[0] ?? '';
  return name.charAt(0).toUpperCase() + name.slice(1);
}
