// What the compiler refuses: each line below a `@ts-expect-error` fails `tsc` as soon as it compiles.
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/alerts/formats/formats.ts';
import { listEndpoint } from '../../src/http/listAnswer.ts';
import { oneOf, readFlag, readMailbox, readTime } from '../../src/http/parameters.ts';
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
