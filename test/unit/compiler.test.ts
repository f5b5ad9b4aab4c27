// What the compiler refuses: each line below a `@ts-expect-error` fails `tsc` as soon as it compiles.
import { app } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/alerts/formats/formats.ts';
import { endpoint, json } from '../../src/http/endpoint.ts';
import { listEndpoint } from '../../src/http/listAnswer.ts';
import { oneOf, readFlag, readMailbox, readTime } from '../../src/http/parameters.ts';
import { registerRoute } from '../../src/http/registerRoute.ts';
import { DRIFT_KINDS } from '../../src/rules/judge.ts';
import type { DriftFilter } from '../../src/storage/driftStore.ts';
import type { Conditions } from '../../src/storage/rows.ts';

const verb = async (_filter: DriftFilter) => ({ items: [], continuation: null });
const parameters = { open: readFlag, kind: oneOf(DRIFT_KINDS), mailbox: readMailbox };

describe('the compiler refuses', () => {
  it('a parameter that the verb of a route does not take', () => {
    // @ts-expect-error: DriftFilter has no `since`
    expect(listEndpoint({ ...parameters, since: readTime }, verb)).toBeTypeOf('function');
  });

  it('a filter of a verb that its route does not read', () => {
    // @ts-expect-error: `mailbox` is missing
    expect(listEndpoint({ open: readFlag, kind: oneOf(DRIFT_KINDS) }, verb)).toBeTypeOf('function');
  });

  it('a route that does not say who may call it, or lets anybody change something', () => {
    const answer = endpoint({}, async () => json({}));
    const wrong = () => {
      // @ts-expect-error: `access` is missing
      registerRoute('wrong', { route: 'wrong', method: 'GET' }, answer);
      // @ts-expect-error: a POST needs the role that may run
      registerRoute('wrong', { route: 'wrong', method: 'POST', access: 'open' }, answer);
      // @ts-expect-error: only registerRoute makes a function of an endpoint
      app.http('wrong', { route: 'wrong', handler: answer });
    };
    expect(wrong).toBeTypeOf('function');
  });

  it('a filter that the table is not asked for', () => {
    // @ts-expect-error: `mailbox` is missing
    const conditions: Conditions<DriftFilter> = { open: (open) => `open eq ${open}`, kind: (kind) => kind };
    expect(conditions).not.toHaveProperty('mailbox');
  });

  it('a format of alerts that the setting does not take', () => {
    // @ts-expect-error: ALERT_WEBHOOK_FORMAT has no `pager`
    const formats: typeof FORMATS = { ...FORMATS, pager: FORMATS.teams };
    expect(formats).toHaveProperty('pager');
  });
});
