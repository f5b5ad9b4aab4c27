// Under which name an app owns its tables.
import { describe, expect, it } from 'vitest';
import { ownerOf } from '../../src/settings/owner.ts';

describe('the owner of the tables', () => {
  it.each<[string, Record<string, string>]>([
    ['local', {}],
    ['local', { OWNER: ' ', WEBSITE_SITE_NAME: '', WEBSITE_SLOT_NAME: 'staging' }],
    ['func-mailscope', { WEBSITE_SITE_NAME: 'func-mailscope' }],
    ['func-mailscope', { WEBSITE_SITE_NAME: 'func-mailscope', WEBSITE_SLOT_NAME: 'Production' }],
    ['func-mailscope/staging', { WEBSITE_SITE_NAME: 'func-mailscope', WEBSITE_SLOT_NAME: 'staging' }],
    ['ours', { OWNER: ' ours ', WEBSITE_SITE_NAME: 'func-mailscope', WEBSITE_SLOT_NAME: 'staging' }],
  ])('is %s with %j', (owner, environment) => {
    expect(ownerOf(environment)).toBe(owner);
  });
});
