// How the doctor judges each fact, and which checks remain after a fault of the settings.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultyParts, withStandIns } from '../../src/doctor/settingParts.ts';
import { worstOf } from '../../src/rules/doctor/finding.ts';
import { judgeAllowed, judgeDenied, judgeNames, type LookedAt } from '../../src/rules/doctor/mailboxFindings.ts';
import { judgeClock, judgeGraph } from '../../src/rules/doctor/networkFindings.ts';
import { judgePermission } from '../../src/rules/doctor/permissionFindings.ts';
import { judgeSchedule } from '../../src/rules/doctor/scheduleFindings.ts';
import { judgeStorage } from '../../src/rules/doctor/storageFindings.ts';
import { judgeNoToken, judgeToken } from '../../src/rules/doctor/tokenFindings.ts';
import { judgeOnce } from '../../src/rules/judgeOnce.ts';
import { RESOURCES } from '../../src/rules/resources.ts';
import { parseSchedule } from '../../src/settings/schedule.ts';
import { readScopes, withoutStrays } from '../../src/settings/scopes.ts';
import { readConfiguration } from '../../src/settings/settings.ts';
import { observed, runAt } from '../support/rules.ts';

const NOW = new Date('2026-11-23T10:00:00Z');

describe('the worst of findings', () => {
  it.each([
    [['ok', 'skipped'], 'skipped'],
    [['warning', 'problem', 'ok'], 'problem'],
    [['skipped', 'warning'], 'warning'],
  ] as const)('%j is %s', (results, worst) => {
    expect(worstOf(results.map((result) => ({ result, says: '', advice: null })))).toBe(worst);
  });
});

describe('a clock', () => {
  it.each([
    [0, 'ok', 'within 1 s'],
    [-29_000, 'ok', 'within 30 s'],
    [31_000, 'warning', 'clock is 31 s behind'],
    [-299_000, 'warning', 'clock is 299 s ahead of'],
    [300_000, 'problem', 'clock is 300 s behind'],
    [null, 'warning', 'had no date'],
  ])('that Graph’s is %j ms ahead of: %s', (aheadMs, result, says) => {
    expect(judgeClock({ status: 401, error: null, aheadMs })).toMatchObject({
      result,
      says: expect.stringContaining(says),
    });
  });
});

describe('an answer of Graph without a token', () => {
  it.each([
    [401, 'ok', 'answers.'],
    [503, 'problem', 'answers 503'],
    [429, 'problem', 'answers 429'],
    [302, 'problem', 'answers 302'],
    [null, 'problem', 'cannot be reached (ENOTFOUND)'],
  ])('that is %j: %s', (status, result, says) => {
    const answer = { status, error: status === null ? 'ENOTFOUND' : null, aheadMs: 0 };
    expect(judgeGraph('https://graph.microsoft.com', answer)).toMatchObject({
      result,
      says: expect.stringContaining(says),
    });
  });
});

describe('storage that refuses', () => {
  const fault = { status: 403, code: 'AuthorizationPermissionMismatch', noToken: false };

  it.each([
    ['table', 'Storage Table Data Contributor'],
    ['queue', 'Storage Queue Data Contributor'],
    ['blob', 'Storage Blob Data Reader'],
  ] as const)('an identity at its %s service wants the role %s', (service, role) => {
    expect(judgeStorage(service, 'identity', fault).advice).toContain(role);
  });

  it('a connection string needs another key, not a role', () => {
    const { advice } = judgeStorage('table', 'connection-string', fault);
    expect(advice).toContain('Check that the key is still valid');
    expect(advice).not.toContain('role');
  });

  it('shows the code when the reason is not a missing right', () => {
    const { result, says } = judgeStorage('table', 'identity', { ...fault, status: 409, code: 'AccountBeingCreated' });
    expect({ result, says }).toMatchObject({ result: 'problem', says: expect.stringContaining('AccountBeingCreated') });
  });
});

describe('a token', () => {
  const GRAPH = 'https://graph.microsoft.com';
  const ID = '66666666-7777-8888-9999-00000000000a';
  const expected = { audience: GRAPH, clientId: ID, tenantId: 'contoso.example' };
  const claims = { aud: GRAPH, appid: ID, oid: 'an-object', tid: 'a-tenant', roles: ['Mail.ReadBasic'] };
  const tomorrow = new Date(NOW.getTime() + 86_400_000);
  const judged = (more: object, expiresOn = tomorrow) => judgeToken({ ...claims, ...more }, expiresOn, expected, NOW);
  const notWell = (more: object, expiresOn = tomorrow) =>
    judged(more, expiresOn).filter(({ result }) => result !== 'ok');

  it('that is right is ok, with the tenant named by id or by domain', () => {
    expect(notWell({})).toEqual([]);
    expect(judged({}).map(({ says }) => says)).toContain('It holds the roles Mail.ReadBasic.');
  });

  it.each([[`${GRAPH}/`], ['00000003-0000-0000-c000-000000000000']])('for %s is for Graph', (aud) => {
    expect(notWell({ aud })).toEqual([]);
  });

  it.each([
    [{}, 'an app'],
    [{ xms_mirid: '/subscriptions/a/resourcegroups/b/providers/Microsoft.Web/sites/c' }, 'system-assigned'],
    [
      { xms_mirid: '/subscriptions/a/resourcegroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/c' },
      'user-assigned',
    ],
  ])('with %j is that of %s', (more, kind) => {
    expect(judged(more)[0]?.says).toContain(kind);
  });

  it.each<[object, Date, string, string]>([
    [{ aud: 'https://storage.azure.com' }, tomorrow, 'problem', 'It is for https://storage.azure.com'],
    [{ scp: 'Mail.Read' }, tomorrow, 'problem', 'The token belongs to a person'],
    [{ appid: ID.replace('a', 'b') }, tomorrow, 'problem', `AZURE_CLIENT_ID is ${ID}`],
    [{}, new Date(NOW.getTime() + 599_000), 'warning', 'in less than ten minutes'],
    [{}, NOW, 'problem', 'It expired at'],
    [{ aud: 1, appid: null }, tomorrow, 'warning', 'The token cannot be read'],
  ])('with %j until %s is a %s', (more, expiresOn, result, says) => {
    expect(notWell(more, expiresOn)).toMatchObject([{ result, says: expect.stringContaining(says) }]);
  });

  it('of a client id in capitals belongs to the app', () => {
    expect(notWell({ appid: ID.toUpperCase() })).toEqual([]);
  });

  it.each(['managed-identity', 'app-registration', 'federated', 'developer'] as const)(
    'that %s does not get is a problem, with the library’s reason',
    (kind) => {
      expect(judgeNoToken(kind, 'nobody there.')).toMatchObject({
        result: 'problem',
        says: `${kind} gets no token for Graph: nobody there.`,
        advice: expect.stringMatching(/./),
      });
    },
  );
});

/** A mailbox with its expectation and result: o readable, x refused, u refused without a control, ? inconclusive. */
function lookedAt(expectation: 'allowed' | 'denied', letter: string, more: Partial<LookedAt> = {}): LookedAt {
  const observation = observed(letter, runAt(1, 0));
  return { ...observation, expectation, verdict: judgeOnce(expectation, observation), ...more };
}

describe('mailboxes', () => {
  const allowed = (letters: string) => [...letters].map((letter) => lookedAt('allowed', letter));
  const denied = (letters: string) => [...letters].map((letter) => lookedAt('denied', letter));

  it.each([
    ['o', 'ok'],
    ['o?', 'ok'],
    ['ox', 'problem'],
    ['u', 'problem'],
    ['??', 'problem'],
  ])('that are allowed and show %s: %s', (letters, result) => {
    expect(judgeAllowed([...allowed(letters), ...denied('x')], RESOURCES.mail).result).toBe(result);
  });

  it.each([
    ['', 'skipped'],
    ['x', 'ok'],
    ['x?', 'ok'],
    ['xo', 'problem'],
    ['uo', 'problem'],
    ['u?', 'skipped'],
    ['?', 'problem'],
  ])('that are denied and show %j: %s', (letters, result) => {
    expect(judgeDenied([...allowed('o'), ...denied(letters)], RESOURCES.mail).result).toBe(result);
  });

  it('of a tenant without Exchange Online are explained in every check', () => {
    const fault = { reason: 'token', status: 401, code: 'OrganizationFromTenantGuidNotFound' } as const;
    const seen = [lookedAt('allowed', '?', fault), lookedAt('denied', '?', fault)];
    const says = expect.stringContaining('because the tenant has no Exchange Online, or it is the wrong tenant: ');
    const advice = expect.stringContaining('Compare the tenant');
    for (const finding of [
      judgeAllowed(seen, RESOURCES.mail),
      judgeDenied(seen, RESOURCES.mail),
      ...judgeNames(seen, 2),
    ]) {
      expect(finding).toEqual({ result: 'problem', says, advice });
    }
  });

  it('that are refused are known to Graph, and those without an answer are not', () => {
    expect(judgeNames([...allowed('o'), ...denied('x')], 2)).toMatchObject([{ result: 'ok' }]);
    expect(judgeNames(denied('x?'), 2)).toMatchObject([{ result: 'warning' }]);
  });

  it('are named up to five', () => {
    const unknown = Array.from({ length: 7 }, (_, index) =>
      lookedAt('denied', '?', { mailbox: `no${index}@contoso.example`, reason: 'not-found', status: 404, code: null }),
    );
    const [{ says } = { says: '' }] = judgeNames(unknown, 300);
    expect(says).toContain('no4@contoso.example (404) and 2 more. 7 of 300 listed mailboxes were checked.');
    expect(says).not.toContain('no5');
  });
});

describe('the permission', () => {
  const generic = { messageClass: 'generic' } as const;
  const open = lookedAt('allowed', 'o');
  const refusedByPolicy = lookedAt('denied', 'x');

  it.each<[string, readonly string[], readonly LookedAt[], string, string]>([
    ['a role under a policy', ['Mail.ReadBasic'], [open, refusedByPolicy], 'ok', 'a policy limits it'],
    ['a role and another refusal', ['Mail.Read'], [open, lookedAt('denied', 'x', generic)], 'ok', 'whole tenant.'],
    ['a role and a breach', ['Mail.ReadWrite'], [open, lookedAt('denied', 'o')], 'problem', 'nothing limits it'],
    ['a role and none denied', ['Mail.Read'], [open], 'warning', 'no answer shows a limit'],
    [
      'no role under RBAC',
      ['User.Read.All'],
      [open, lookedAt('denied', 'x', generic)],
      'ok',
      'RBAC for Applications grants the access',
    ],
    ['no role and no access', [], [lookedAt('allowed', 'x', generic)], 'problem', 'nothing can be read'],
    ['silence', ['Mail.Read'], [lookedAt('allowed', '?')], 'skipped', 'no mailbox gave a clear answer'],
  ])('of %s', (_, roles, seen, result, says) => {
    const found = judgePermission(roles, seen, RESOURCES.mail);
    expect(found).toMatchObject({ result });
    expect(found.says.replace('an application access policy', 'a policy')).toContain(says);
  });
});

describe('a schedule', () => {
  function judged(expression: string) {
    const schedule = parseSchedule(expression);
    const ticks = [schedule.next(NOW)];
    while (ticks.length < 1_500) ticks.push(schedule.next(ticks.at(-1) ?? NOW));
    return judgeSchedule({ expression, ticks, longestRunMs: 120_000 });
  }

  it.each([
    ['0 */15 * * * *', 'ok', ': 15 min apart.'],
    ['0 */7 * * * *', 'ok', ': 4 min to 7 min apart.'],
    ['0 */15 8-17 * * *', 'ok', ': 15 min to 14 h 15 min apart.'],
    ['0 * * * * *', 'warning', 'as little as 60 s apart'],
    ['*/30 * 8-9 * * *', 'warning', 'as little as 30 s apart'],
    ['* * * * * *', 'warning', 'as little as 1 s apart'],
    ['0 0 3 * * Mon', 'warning', 'up to 168 h apart'],
    ['* */15 * * * *', 'problem', '60 times within a minute, then not for 14 min'],
    ['*/10 0 * * * *', 'problem', '6 times within a minute, then not for 59 min'],
  ])('%s: %s', (expression, result, says) => {
    expect(judged(expression)).toMatchObject({ result, says: expect.stringContaining(says) });
  });
});

describe('faults of the settings', () => {
  const good = { ALLOWED_MAILBOXES: 'a@contoso.example', AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
  const partsOf = (environment: Record<string, string>) => {
    const { faults } = readConfiguration(environment);
    return Object.fromEntries(faultyParts(environment, faults));
  };

  it.each<[Record<string, string>, Record<string, string>]>([
    [{}, {}],
    [{ LOCKOUT_AFTER_RUNS: '0' }, {}],
    [{ ALLOWED_MAILBOXES: '' }, { mailboxes: 'ALLOWED_MAILBOXES' }],
    [{ AzureWebJobsStorage: 'x' }, { storage: 'AzureWebJobsStorage' }],
    [
      { AzureWebJobsStorage: 'x', MAILBOXES_FILE: 'blob:lists/a.csv' },
      { storage: 'AzureWebJobsStorage', mailboxes: 'AzureWebJobsStorage' },
    ],
    [{ GRAPH_ENDPOINT: 'x' }, { graph: 'GRAPH_ENDPOINT', identity: 'GRAPH_ENDPOINT' }],
    [{ GRAPH_IDENTITY: 'app-registration' }, { identity: 'AZURE_TENANT_ID' }],
    [{ ALERT_WEBHOOK_SECRET: 'whsec_c2VjcmV0IG9m' }, { alerts: 'ALERT_WEBHOOK_SECRET' }],
    [{ HEARTBEAT_URL: 'x' }, { heartbeat: 'HEARTBEAT_URL' }],
  ])('%j are faults of %j', (bad, parts) => {
    expect(partsOf({ ...good, ...bad })).toEqual(parts);
  });

  it.each<[string, string | undefined]>([
    ['crm__GRAPH_IDENTITY', 'identity'],
    ['Crm__DENIED_MAILBOXES', 'mailboxes'],
    ['crm__POLL_SCHEDULE', undefined],
    ['crm__AzureWebJobsStorage', undefined],
  ])('with the name %s are of the part %s', (setting, part) => {
    const fault = { setting, kind: 'malformed', message: '', stops: 'everything' } as const;
    expect([...faultyParts({}, [fault])]).toEqual(part ? [[part, setting]] : []);
  });

  it('leave settings that can be read, whatever the faults were, in every scope', () => {
    const names = [
      ...['ALLOWED_MAILBOXES', 'DENIED_MAILBOXES', 'MAILBOXES_FILE', 'POLL_SCHEDULE', 'GRAPH_ENDPOINT'],
      ...['GRAPH_IDENTITY', 'AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_AUTHORITY_HOST', 'AZURE_CLIENT_SECRET'],
      ...['GRAPH_FEDERATION_CLIENT_ID', 'AzureWebJobsStorage', 'AzureWebJobsStorage__accountName'],
      ...['AzureWebJobsStorage__tableServiceUri', 'SHARD_SIZE', 'PAUSE_ALERTS_UNTIL', 'ALERT_WEBHOOK_URL'],
      ...['ALERT_WEBHOOK_SECRET', 'HEARTBEAT_URL', 'STORE_SUBJECTS'],
    ];
    const values = fc.constantFrom(
      ...['', 'x', '0', 'a@contoso.example', 'a@contoso.example b', 'blob:lists/a.csv', '0 0 * * * *', 'federated'],
      ...['https://graph.microsoft.us', 'https://login.chinacloudapi.cn', 'app-registration', 'contoso', 'ftp://x'],
      ...['UseDevelopmentStorage=true', 'https://hooks.contoso.example/x', '2026-12-24T18:00:00Z'],
    );
    const inScopes = ['', '', 'default__', 'crm__', 'Crm__', 'hr__'].flatMap((scope) =>
      names.map((name) => scope + name),
    );
    const environments = fc.dictionary(fc.constantFrom(...inScopes), values, { noNullPrototype: true });
    const lists = fc.constantFrom(undefined, 'default, crm', 'crm', 'crm, crm', 'x__y');
    fc.assert(
      fc.property(environments, lists, (environment, SCOPES) => {
        const { faults, scopes } = readScopes(withoutStrays({ ...environment, SCOPES }), withStandIns);
        expect([...faults, ...scopes.flatMap((scope) => scope.faults)]).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
