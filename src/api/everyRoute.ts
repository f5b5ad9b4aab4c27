// The routes of the API, as data. The border checks requests by it, and the OpenAPI document is made from it.
import * as z from 'zod';
import * as answers from './answerSchemas.ts';
import { FORMAT_PARAMETER, PAGE_PARAMETERS } from './page.ts';
import { flag, mailboxName, namePrefix, oneOf, scopeName, timeOrDate } from './parameters.ts';
import { type Asked, CSV_TYPE, JSON_TYPE, METRICS_TYPE, type ParameterSet, type Route } from './route.ts';

/** A route that answers one JSON object, from one scope. */
const READ = {
  method: 'GET',
  access: 'read',
  of: 'scope',
  head: true,
  mediaTypes: [JSON_TYPE],
  parameters: {},
} as const;

/** A route that answers a list, page by page, as JSON or CSV. */
const LIST = {
  ...READ,
  mediaTypes: [JSON_TYPE, CSV_TYPE],
  answers: { 200: 'A page of the list.' },
  headers: {
    Link: 'As CSV: the address of the next page, with rel="next".',
    'Content-Disposition': 'As CSV: the name of a file.',
  },
} as const;

/** Keeps what a route is exactly, and checks that it is one. */
function route<Set extends ParameterSet, Body, Of extends Asked>(
  described: Route<Set, Body, Of>,
): Route<Set, Body, Of> {
  return described;
}

const listed = <Set extends ParameterSet>(parameters: Set) => ({
  ...parameters,
  ...PAGE_PARAMETERS,
  ...FORMAT_PARAMETER,
});

export const latestSubject = route({
  ...READ,
  name: 'latestSubject',
  route: 'mailboxes/{mailbox}/latest-subject',
  summary: 'The newest subject in a mailbox',
  description:
    'Asks Microsoft Graph each time. The subject of a denied mailbox is never requested. Where GRAPH_RESOURCE is not mail, there is no subject: the answer is not-found.',
  head: false,
  answers: { 200: 'The newest subject.' },
  body: answers.latestSubject,
  codes: [
    'mailbox-invalid',
    'mailbox-not-listed',
    'mailbox-refused',
    'scope-breach',
    'mailbox-not-found',
    'not-found',
    'throttled',
    'graph-unavailable',
    'graph-error',
    'graph-timeout',
    'identity-unavailable',
  ],
});

export const listMailboxes = route({
  ...LIST,
  name: 'listMailboxes',
  route: 'mailboxes',
  summary: 'All mailboxes, A to Z',
  parameters: listed({
    verdict: oneOf(answers.verdict, 'Only mailboxes with this verdict.'),
    expectation: oneOf(answers.expectation, 'Only mailboxes that are declared so.'),
    startsWith: namePrefix('Only mailboxes whose name begins so.'),
  }),
  body: answers.page('MailboxPage', answers.mailbox),
  codes: [],
});

export const getMailbox = route({
  ...READ,
  name: 'getMailbox',
  route: 'mailboxes/{mailbox}',
  summary: 'One mailbox and its open drift',
  answers: { 200: 'The mailbox.' },
  body: answers.mailbox,
  codes: ['mailbox-invalid', 'mailbox-not-listed'],
  statuses: { 'mailbox-not-listed': 404 },
});

export const mailboxHistory = route({
  ...LIST,
  name: 'mailboxHistory',
  route: 'mailboxes/{mailbox}/history',
  summary: 'The observations of a mailbox, newest first',
  description: 'Also of a mailbox that is no longer listed. The time from is inclusive, and to is exclusive.',
  parameters: listed({
    from: timeOrDate('Only observations at this time or later.'),
    to: timeOrDate('Only observations before this time.'),
  }),
  body: answers.page('ObservationPage', answers.observation),
  codes: ['mailbox-invalid'],
});

export const listDrift = route({
  ...LIST,
  name: 'listDrift',
  route: 'drift',
  summary: 'Drift, newest first',
  description:
    'An opening or a closing carries the start of its run, but is written later: whoever polls by the clock misses some. As since, pass the startedAt of the newest run that you have seen ended. That time is inclusive: what comes twice has the same id and the same closedAt.',
  parameters: listed({
    open: flag('Only drift that is open, or only drift that is closed.'),
    kind: oneOf(answers.driftKind, 'Only drift of this kind.'),
    mailbox: mailboxName('Only drift of this mailbox.'),
    since: timeOrDate('Only drift that opened or closed at this time or later.'),
  }),
  body: answers.page('DriftPage', answers.drift),
  codes: [],
});

export const listRuns = route({
  ...LIST,
  name: 'listRuns',
  route: 'runs',
  summary: 'Runs, newest first',
  parameters: listed({}),
  body: answers.page('RunPage', answers.run),
  codes: [],
});

export const getRun = route({
  ...READ,
  name: 'getRun',
  route: 'runs/{id}',
  summary: 'One run: what it saw',
  description:
    'The field missedTicks counts the scheduled times without a run before it, and oldestProof says since when the oldest proof of a denied mailbox stands.',
  answers: { 200: 'The run.' },
  body: answers.run,
  codes: ['not-found'],
});

export const startRun = route({
  method: 'POST',
  access: 'run',
  of: 'scope',
  head: false,
  name: 'startRun',
  route: 'runs',
  summary: 'Starts a run',
  parameters: {},
  answers: { 202: 'The run has started.' },
  body: answers.startedRun,
  mediaTypes: [JSON_TYPE],
  headers: {
    Location: 'The address of the run.',
    'Operation-Location': 'The same.',
    'Retry-After': 'The seconds after which to look at the run.',
  },
  codes: ['run-in-progress', 'tables-in-use'],
});

export const listScopes = route({
  ...READ,
  name: 'listScopes',
  route: 'scopes',
  of: 'all',
  summary: 'What each scope watches, and where it stands',
  description:
    'From the last completed runs. If such a run began more than three intervals ago, its compliant mailboxes count as unverified.',
  answers: { 200: 'All scopes.' },
  body: answers.scopes,
  codes: [],
});

export const metrics = route({
  ...READ,
  name: 'metrics',
  route: 'metrics',
  of: 'all',
  summary: 'Gauges as OpenMetrics text',
  description: 'From the last completed runs. What is not known has no sample.',
  parameters: { scope: scopeName('Only this scope. Without it, all.') },
  answers: { 200: 'The gauges.' },
  body: z.string(),
  mediaTypes: [METRICS_TYPE],
  codes: [],
});

export const health = route({
  ...READ,
  name: 'health',
  route: 'health',
  access: 'open',
  of: 'all',
  summary: 'Whether everything is watched as it should be',
  description:
    'It names settings, but no values and no mailboxes. A look starts a run that is overdue. One look serves all callers for two seconds.',
  answers: { 200: 'Healthy.', 503: 'Unhealthy.' },
  body: answers.health,
  codes: [],
});

export const openApi = route({
  ...READ,
  name: 'openApi',
  route: 'openapi.json',
  access: 'open',
  of: 'all',
  summary: 'This document',
  answers: { 200: 'An OpenAPI document.', 304: 'The document has not changed since If-None-Match.' },
  body: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
  headers: { ETag: 'The version of the document.' },
  codes: [],
});

export const EVERY_ROUTE: readonly Route[] = [
  latestSubject,
  listMailboxes,
  getMailbox,
  mailboxHistory,
  listDrift,
  listRuns,
  getRun,
  startRun,
  listScopes,
  metrics,
  health,
  openApi,
];
