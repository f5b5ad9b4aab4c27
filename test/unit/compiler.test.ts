// What the compiler refuses: each line below a `@ts-expect-error` fails `tsc` as soon as it compiles.
import { app } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/alerts/formats/formats.ts';
import type { RunView } from '../../src/api/answerSchemas.ts';
import { getMailbox, getRun, listDrift, listScopes } from '../../src/api/everyRoute.ts';
import { timeOrDate } from '../../src/api/parameters.ts';
import type { Route } from '../../src/api/route.ts';
import { endpoint, endpointOfAll, rawEndpoint, rawEndpointOfAll } from '../../src/http/endpoint.ts';
import { listEndpoint } from '../../src/http/listAnswer.ts';
import type { Services } from '../../src/services.ts';
import type { DriftFilter } from '../../src/storage/driftStore.ts';
import type { Conditions } from '../../src/storage/rows.ts';

declare const run: RunView;
const verb = async (_services: Services, _filter: DriftFilter) => ({ items: [], continuation: null });
const parameters = { ...listDrift.parameters };
const { since: _, ...withoutSince } = parameters;

describe('the compiler refuses', () => {
  it('a parameter that the verb of a route does not take', () => {
    const route = { ...listDrift, parameters: { ...parameters, until: timeOrDate('') } };
    // @ts-expect-error: DriftFilter has no `until`
    expect(listEndpoint(route, verb).route).toBe(route);
  });

  it('a filter of a verb that its route does not read', () => {
    const route = { ...listDrift, parameters: withoutSince };
    // @ts-expect-error: `since` is missing
    expect(listEndpoint(route, verb).route).toBe(route);
  });

  it('an answer that is not the one that the route describes', () => {
    // @ts-expect-error: a run is no mailbox
    expect(endpoint(getMailbox, async () => ({ body: { id: '' } })).route).toBe(getMailbox);
  });

  it('a route of one scope that is answered from all, or the other way round', () => {
    const [scopes, answer] = [{ value: [] }, { status: 200 }];
    // @ts-expect-error: `scopes` is of all
    expect(endpoint(listScopes, async () => ({ body: scopes })).route).toBe(listScopes);
    // @ts-expect-error: `runs/{id}` is of one scope
    expect(endpointOfAll(getRun, async () => ({ body: run })).route).toBe(getRun);
    // @ts-expect-error: `scopes` is of all
    expect(rawEndpoint(listScopes, async () => answer).route).toBe(listScopes);
    // @ts-expect-error: `runs/{id}` is of one scope
    expect(rawEndpointOfAll(getRun, async () => answer).route).toBe(getRun);
  });

  it('a route that does not say who may call it, or lets anybody change something', () => {
    const { access: _, ...nobody } = getMailbox;
    // @ts-expect-error: `access` is missing
    const first: Route = nobody;
    // @ts-expect-error: a POST needs the role that may run
    const second: Route = { ...getMailbox, method: 'POST', access: 'open' };
    const wrong = () => {
      // @ts-expect-error: only registerRoute makes a function of an endpoint
      app.http('wrong', { route: 'wrong', handler: endpoint(getRun, async () => ({ body: run })) });
    };
    expect([first, second, wrong]).toHaveLength(3);
  });

  it('a filter that the table is not asked for', () => {
    // @ts-expect-error: `mailbox` and `since` are missing
    const conditions: Conditions<DriftFilter> = { open: (open) => `open eq ${open}`, kind: (kind) => kind };
    expect(conditions).not.toHaveProperty('mailbox');
  });

  it('a format of alerts that the setting does not take', () => {
    // @ts-expect-error: ALERT_WEBHOOK_FORMAT has no `pager`
    const formats: typeof FORMATS = { ...FORMATS, pager: FORMATS.teams };
    expect(formats).toHaveProperty('pager');
  });
});
