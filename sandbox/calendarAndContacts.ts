// Answers about the calendar and the contacts of a mailbox, as Graph does. A mailbox with mail has one of each.
import { failure, type GraphAnswer, type GraphRequest, ok } from './answers.ts';
import { mayReadBodies } from './exchangeAccess.ts';
import { displayName } from './inbox.ts';
import { type Collection, QueryError, readQuery } from './odataQuery.ts';
import type { User } from './tenant.ts';

type Show = (user: User) => unknown;

interface Items extends Collection {
  /** In Graph's order. */
  readonly shown: Readonly<Record<string, Show>>;
  /** The part of the path after the user. */
  readonly path: string;
}

const CREATED = '2026-01-05T08:00:00Z';
const itemId = (kind: string) => (user: User) => `AAMk${kind}${user.id.replaceAll('-', '')}AAA=`;
const at = (time: string) => () => ({ dateTime: `2026-01-05T${time}:00.0000000`, timeZone: 'UTC' });
const changeKey = (user: User) => Buffer.from(`item ${user.id}`).toString('base64');
const address = (user: User) => ({ name: displayName(user), address: user.userPrincipalName });

const EVENT: Readonly<Record<string, Show>> = {
  id: itemId('E'),
  createdDateTime: () => CREATED,
  lastModifiedDateTime: () => CREATED,
  changeKey,
  categories: () => [],
  originalStartTimeZone: () => 'UTC',
  originalEndTimeZone: () => 'UTC',
  reminderMinutesBeforeStart: () => 15,
  isReminderOn: () => true,
  hasAttachments: () => false,
  subject: (user) => `Review with ${displayName(user)}`,
  bodyPreview: () => 'Agenda',
  importance: () => 'normal',
  sensitivity: () => 'normal',
  isAllDay: () => false,
  isCancelled: () => false,
  isOrganizer: () => true,
  seriesMasterId: () => null,
  showAs: () => 'busy',
  type: () => 'singleInstance',
  isOnlineMeeting: () => false,
  responseStatus: () => ({ response: 'organizer', time: '0001-01-01T00:00:00Z' }),
  body: () => ({ contentType: 'text', content: 'Agenda' }),
  start: at('09:00'),
  end: at('10:00'),
  location: () => ({ displayName: 'Room 1', locationType: 'default' }),
  recurrence: () => null,
  attendees: () => [],
  organizer: (user) => ({ emailAddress: address(user) }),
};

const CONTACT: Readonly<Record<string, Show>> = {
  id: itemId('C'),
  createdDateTime: () => CREATED,
  lastModifiedDateTime: () => CREATED,
  changeKey,
  categories: () => [],
  parentFolderId: itemId('F'),
  birthday: () => null,
  fileAs: (user) => `Customer of ${displayName(user)}`,
  displayName: (user) => `Customer of ${displayName(user)}`,
  givenName: () => 'Customer',
  surname: displayName,
  companyName: () => 'Fabrikam',
  jobTitle: () => null,
  businessPhones: () => [],
  mobilePhone: () => null,
  emailAddresses: () => [{ name: 'Customer', address: 'customer@fabrikam.example' }],
};

function items(path: string, type: string, shown: Items['shown'], sortable: readonly string[]): Items {
  return { path, type, shown, properties: new Set(Object.keys(shown)), sortable: new Set(sortable), largestTop: 1000 };
}

const EVENTS = items('calendar/events', 'Microsoft.OutlookServices.Event', EVENT, ['createdDateTime', 'subject']);
const CONTACTS = items('contacts', 'Microsoft.OutlookServices.Contact', CONTACT, ['displayName', 'createdDateTime']);

/** The properties that `Calendars.ReadBasic` does not show. */
const BODY_PROPERTIES = new Set(['body', 'bodyPreview']);

/** `GET /users/{id}/calendar/events` */
export function listEvents(
  request: GraphRequest,
  params: URLSearchParams,
  user: User,
  roles: readonly string[],
  origin: string,
): GraphAnswer {
  return list(EVENTS, request, params, user, {
    hidden: mayReadBodies(roles, 'Calendars') ? NONE : BODY_PROPERTIES,
    origin,
  });
}

const NONE: ReadonlySet<string> = new Set();

/** `GET /users/{id}/contacts` */
export function listContacts(request: GraphRequest, params: URLSearchParams, user: User, origin: string): GraphAnswer {
  return list(CONTACTS, request, params, user, { hidden: NONE, origin });
}

function list(
  kind: Items,
  request: GraphRequest,
  params: URLSearchParams,
  user: User,
  { hidden, origin }: { readonly hidden: ReadonlySet<string>; readonly origin: string },
): GraphAnswer {
  try {
    const { select, skip, count, skiptoken } = readQuery(params, kind);
    // One page holds everything, so no link of Graph's can lead here.
    if (skiptoken !== undefined) throw new QueryError('BadRequest', 'The skip token is not valid.');
    const all = user.messages ? [user] : [];
    const names = (select ? ['id', ...select] : Object.keys(kind.shown)).filter((name) => !hidden.has(name));
    const context = `users('${encodeURIComponent(user.userPrincipalName)}')/${kind.path}`;
    return ok({
      '@odata.context': `${origin}/v1.0/$metadata#${context}${select ? `(${select.join(',')})` : ''}`,
      ...(count ? { '@odata.count': all.length } : {}),
      value: all.slice(skip).map((owner) => ({
        '@odata.etag': `W/"${changeKey(owner)}"`,
        ...Object.fromEntries(names.map((name) => [name, kind.shown[name]?.(owner)])),
      })),
    });
  } catch (error) {
    if (error instanceof QueryError) return failure(request, 400, error.code, error.message);
    throw error;
  }
}
