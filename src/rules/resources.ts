// What a mailbox is asked for: one description for each kind of Exchange data. Pure.
//
// Nothing of an answer is kept but the outcome, and for mail the newest subject of an allowed mailbox.

export const RESOURCE_NAMES = ['mail', 'calendar', 'contacts', 'settings'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export type Query = Readonly<Record<string, string>>;

export interface Resource {
  /** The path below `/users/{mailbox}`. */
  readonly path: string;
  /** The query that shows no content: what must not be read is not requested either. */
  readonly query: Query;
  /** The query that also shows the newest subject, for allowed mailboxes; null where nothing may be kept. */
  readonly subjectQuery: Query | null;
  /** Whether the body of a 200 shows that the data can be read. */
  readonly isReadable: (body: unknown) => boolean;
  /** Whether this role lets an app read the data in every mailbox. */
  readonly isReadRole: (role: string) => boolean;
  /** The roles that are enough for the query without content, the one to give first. */
  readonly leastRoles: readonly string[];
  /** All such roles, for texts: `Mail.*`. */
  readonly roles: string;
  /** What is read, for texts. */
  readonly data: string;
}

/**
 * The names of roles that read ("Microsoft Graph permissions reference"). Microsoft adds names beside the plain ones, such
 * as `Mail-Advanced.ReadWrite.All`, so this is a rule and no list. `Mail.Send` reads nothing, and neither does a role of
 * another kind of data.
 */
function readRole(family: string): (role: string) => boolean {
  const pattern = new RegExp(`^${family}(-[A-Za-z]+)?\\.Read(Basic|Write)?(\\.All)?$`);
  return (role) => pattern.test(role);
}

function isList(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'value' in body && Array.isArray(body.value);
}

/** Graph documents no default order, so the query asks for one. */
function newest(select: string): Query {
  return { $top: '1', $select: select, $orderby: 'receivedDateTime desc' };
}

export const RESOURCES: Readonly<Record<ResourceName, Resource>> = {
  mail: {
    // It is not `/messages`, which includes Deleted Items.
    path: 'mailFolders/inbox/messages',
    query: newest('id'),
    subjectQuery: newest('id,subject,receivedDateTime'),
    isReadable: isList,
    isReadRole: readRole('Mail'),
    leastRoles: ['Mail.ReadBasic', 'Mail.ReadBasic.All'],
    roles: 'Mail.*',
    data: 'mail',
  },
  calendar: {
    path: 'calendar/events',
    query: { $top: '1', $select: 'id' },
    subjectQuery: null,
    isReadable: isList,
    isReadRole: readRole('Calendars'),
    leastRoles: ['Calendars.ReadBasic.All', 'Calendars.ReadBasic'],
    roles: 'Calendars.*',
    data: 'calendars',
  },
  contacts: {
    path: 'contacts',
    query: { $top: '1', $select: 'id' },
    subjectQuery: null,
    isReadable: isList,
    isReadRole: readRole('Contacts'),
    leastRoles: ['Contacts.Read'],
    roles: 'Contacts.*',
    data: 'contacts',
  },
  settings: {
    path: 'mailboxSettings',
    query: { $select: 'timeZone' },
    subjectQuery: null,
    isReadable: (body) => typeof body === 'object' && body !== null && 'timeZone' in body,
    isReadRole: readRole('MailboxSettings'),
    leastRoles: ['MailboxSettings.Read'],
    roles: 'MailboxSettings.*',
    data: 'mailbox settings',
  },
};

/** Whether the role reads any kind of data that Mailscope asks for. */
export function readsMailboxes(role: string): boolean {
  return RESOURCE_NAMES.some((name) => RESOURCES[name].isReadRole(role));
}
