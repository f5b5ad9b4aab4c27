// Answers about the settings of a mailbox, as Graph does.
import { failure, type GraphAnswer, type GraphRequest, ok } from './answers.ts';
import { type Collection, QueryError, readQuery } from './odataQuery.ts';
import type { User } from './tenant.ts';

// The properties of microsoft.graph.mailboxSettings, in Graph's order.
const PROPERTIES: Readonly<Record<string, unknown>> = {
  archiveFolder: null,
  timeZone: 'Pacific Standard Time',
  delegateMeetingMessageDeliveryOptions: 'sendToDelegateOnly',
  dateFormat: 'M/d/yyyy',
  timeFormat: 'h:mm tt',
  userPurpose: 'user',
  automaticRepliesSetting: {
    status: 'disabled',
    externalAudience: 'all',
    internalReplyMessage: '',
    externalReplyMessage: '',
  },
  language: { locale: 'en-US', displayName: 'English (United States)' },
  workingHours: {
    daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
    startTime: '08:00:00.0000000',
    endTime: '17:00:00.0000000',
    timeZone: { name: 'Pacific Standard Time' },
  },
};

const SETTINGS: Collection = {
  type: 'Microsoft.OutlookServices.MailboxSettings',
  properties: new Set(Object.keys(PROPERTIES)),
  sortable: new Set(),
  largestTop: 1,
};

/** `GET /users/{id}/mailboxSettings`. They are no list, so they take only `$select`. */
export function getMailboxSettings(
  request: GraphRequest,
  params: URLSearchParams,
  user: User,
  origin: string,
): GraphAnswer {
  try {
    for (const name of params.keys()) {
      if (!/^\$?select$/i.test(name))
        throw new QueryError('BadRequest', `The query parameter '${name}' is not supported.`);
    }
    const { select } = readQuery(params, SETTINGS);
    const path = `users('${encodeURIComponent(user.userPrincipalName)}')/mailboxSettings`;
    const shown = (select ?? Object.keys(PROPERTIES)).map((name) => [name, PROPERTIES[name]]);
    return ok({
      '@odata.context': `${origin}/v1.0/$metadata#${path}${select ? `(${select.join(',')})` : ''}`,
      ...Object.fromEntries(shown),
    });
  } catch (error) {
    if (error instanceof QueryError) return failure(request, 400, error.code, error.message);
    throw error;
  }
}
