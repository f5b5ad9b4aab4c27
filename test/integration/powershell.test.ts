// The scripts of the tenant's side, run by PowerShell's own engine in a tenant in memory: exact calls, run twice, killed half-way.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/http.ts';
import { type Case, isMissing, type Ran, runCases } from '../support/powershell/engine.ts';
import { type Emulator, startEmulator } from '../support/storage.ts';

const OBJECT_ID = 'aaaaaaaa-0000-0000-0000-000000000001';
const APP_ID = 'bbbbbbbb-0000-0000-0000-000000000001';
const GRAPH_ID = 'cccccccc-0000-0000-0000-000000000001';
const GROUP = 'mailscope-readable';
const SUPPORT = 'support@contoso.example';
const EVERYTHING = [SUPPORT, 'hr@contoso.example', 'cch@contoso.example'];
const READ_ROLES = 'e2a3a72e-5f79-4c64-b1b1-878b674786c9';

const policySet = { Identity: 'mailscope', Mechanism: 'ApplicationAccessPolicy', Members: [SUPPORT] };
const rbacSet = { Identity: 'mailscope', Mechanism: 'Rbac', Members: [SUPPORT] };
const named = { Identity: 'mailscope', GroupName: GROUP };

/** A tenant as the tutorial leaves it: Mail.ReadWrite, the group, the policy. */
const TUTORIAL = `
  $Tenant.Groups['${GROUP}'] = @([pscustomobject]@{ PrimarySmtpAddress = '${SUPPORT}'; RecipientType = 'UserMailbox' })
  $Tenant.Policies = @([pscustomobject]@{ Identity = 'policy-1'; AppId = '${APP_ID}'; AccessRight = 'RestrictAccess'; ScopeName = '${GROUP}' })
  $Tenant.Roles = @([pscustomobject]@{ Id = 'assignment-1'; PrincipalId = '${OBJECT_ID}'; AppRoleId = '${READ_ROLES}' })
  $Tenant.Token = @('Mail.ReadWrite')`;
/** A tenant as Set-MailboxScope.ps1 -Mechanism Rbac leaves it. */
const SCOPED = `
  $Tenant.Groups['${GROUP}'] = @([pscustomobject]@{ PrimarySmtpAddress = '${SUPPORT}'; RecipientType = 'UserMailbox' })
  $Tenant.Known = @('${OBJECT_ID}')
  $Tenant.Scopes['${GROUP}'] = "MemberOfGroup -eq 'CN=${GROUP},OU=contoso'"
  $Tenant.Assigned = @([pscustomobject]@{ Identity = 'a1'; App = '${OBJECT_ID}'; Role = 'Application Mail.ReadBasic'; Scope = '${GROUP}' })`;

const GROUP_MADE = {
  'New-DistributionGroup': { Name: GROUP, Alias: GROUP, Type: 'Security' },
  'Add-DistributionGroupMember': { Identity: GROUP, Member: SUPPORT },
};
const POLICY_MADE = {
  'New-ApplicationAccessPolicy': {
    AppId: [APP_ID],
    PolicyScopeGroupId: GROUP,
    AccessRight: 'RestrictAccess',
    Description: 'Mailboxes that mailscope may read',
  },
};
const RBAC_MADE = {
  'New-ServicePrincipal': { AppId: APP_ID, ObjectId: OBJECT_ID, DisplayName: 'mailscope' },
  'New-ManagementScope': { Name: GROUP, RecipientRestrictionFilter: `MemberOfGroup -eq 'CN=${GROUP},OU=contoso'` },
  'New-ManagementRoleAssignment': { App: OBJECT_ID, Role: 'Application Mail.ReadBasic', CustomResourceScope: GROUP },
};
const ROLE_REMOVED = {
  'Remove-MgServicePrincipalAppRoleAssignment': { ServicePrincipalId: OBJECT_ID, AppRoleAssignmentId: 'assignment-1' },
};
const POLICY_REMOVED = { 'Remove-ApplicationAccessPolicy': { Identity: 'policy-1', Confirm: false } };
const RBAC_REMOVED = {
  'Remove-ManagementRoleAssignment': { Identity: 'a1', Confirm: false },
  'Remove-ManagementScope': { Identity: GROUP, Confirm: false },
  'Remove-ServicePrincipal': { Identity: OBJECT_ID, Confirm: false },
};

interface Job {
  readonly what: string;
  readonly script: string;
  readonly setup: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The changing calls of the first run, in order. */
  readonly changes: Readonly<Record<string, object>>;
}

const JOBS: readonly Job[] = [
  {
    what: 'the tutorial’s permission',
    script: 'Grant-GraphMailPermission.ps1',
    setup: '',
    parameters: { Identity: OBJECT_ID, Permission: 'Mail.ReadWrite' },
    changes: {
      'New-MgServicePrincipalAppRoleAssignment': {
        ServicePrincipalId: OBJECT_ID,
        PrincipalId: OBJECT_ID,
        ResourceId: GRAPH_ID,
        AppRoleId: READ_ROLES,
      },
    },
  },
  {
    what: 'the tutorial’s policy',
    script: 'Set-MailboxScope.ps1',
    setup: '',
    parameters: policySet,
    changes: { ...GROUP_MADE, ...POLICY_MADE },
  },
  {
    what: 'an RBAC scope',
    script: 'Set-MailboxScope.ps1',
    setup: '',
    parameters: rbacSet,
    changes: { ...GROUP_MADE, ...RBAC_MADE },
  },
  {
    what: 'a scope that loses an extra member',
    script: 'Set-MailboxScope.ps1',
    setup: `${SCOPED}; $Tenant.Groups['${GROUP}'] += @([pscustomobject]@{ PrimarySmtpAddress = 'hr@contoso.example'; RecipientType = 'UserMailbox' })`,
    parameters: { ...rbacSet, Prune: true },
    changes: {
      'Remove-DistributionGroupMember': { Identity: GROUP, Member: 'hr@contoso.example', Confirm: false },
    },
  },
  {
    what: 'the first phase of a move',
    script: 'Move-MailboxScope.ps1',
    setup: TUTORIAL,
    parameters: named,
    changes: { ...RBAC_MADE, ...ROLE_REMOVED },
  },
  {
    what: 'the second phase of a move',
    script: 'Move-MailboxScope.ps1',
    setup: `${TUTORIAL}; ${SCOPED}; $Tenant.Roles = @(); $Tenant.Token = @()`,
    parameters: { ...named, Force: true },
    changes: POLICY_REMOVED,
  },
  {
    what: 'the removal of RBAC',
    script: 'Remove-MailboxScope.ps1',
    setup: SCOPED,
    parameters: { ...named, RemoveGroup: true },
    changes: { ...RBAC_REMOVED, 'Remove-DistributionGroup': { Identity: GROUP, Confirm: false } },
  },
  {
    what: 'the removal of what the tutorial made',
    script: 'Remove-MailboxScope.ps1',
    setup: TUTORIAL,
    parameters: named,
    changes: ROLE_REMOVED,
  },
  {
    what: 'the removal of the policy, when no token carries a role any more',
    script: 'Remove-MailboxScope.ps1',
    setup: `${TUTORIAL}; $Tenant.Roles = @(); $Tenant.Token = @()`,
    parameters: { ...named, RemoveGroup: true, Force: true },
    changes: { ...POLICY_REMOVED, 'Remove-DistributionGroup': { Identity: GROUP, Confirm: false } },
  },
];

const BAD: readonly (readonly [string, string, Readonly<Record<string, unknown>>, string])[] = [
  ['Grant-GraphMailPermission.ps1', 'no name', { Identity: '' }, 'Identity'],
  [
    'Grant-GraphMailPermission.ps1',
    'a permission that is none',
    { Identity: 'mailscope', Permission: 'everything' },
    'Permission',
  ],
  ['Set-MailboxScope.ps1', 'a mechanism that is none', { ...policySet, Mechanism: 'Magic' }, 'Mechanism'],
  ['Set-MailboxScope.ps1', 'a member that is no address', { ...policySet, Members: ['support'] }, 'Members'],
  ['Set-MailboxScope.ps1', 'a mailbox that is both', { ...policySet, Denied: [SUPPORT] }, 'one or the other'],
  ['Set-MailboxScope.ps1', 'a group with a quote and more', { ...policySet, GroupName: 'a"; b' }, 'GroupName'],
  [
    'Move-MailboxScope.ps1',
    'an address without https',
    { ...named, MailscopeUrl: 'http://contoso.example' },
    'MailscopeUrl',
  ],
  ['Test-MailboxScope.ps1', 'no mailbox', { Identity: 'mailscope', Mailbox: [] }, 'Mailbox'],
  ['Remove-MailboxScope.ps1', 'an address that is none', { ...named, MailscopeUrl: 'mailscope' }, 'MailscopeUrl'],
];

const changesOf = (ran: Ran | undefined) =>
  (ran?.calls ?? []).filter(({ changes }) => changes).map(({ name, parameters }) => [name, parameters]);

/** What could be read at every moment: before the first change, and after each. */
function opened(ran: Ran, before: readonly string[]): string[] {
  const seen = ran.calls.flatMap(({ readable }) => readable ?? []);
  return [...new Set(seen)].filter((mailbox) => !before.includes(mailbox));
}

describe.skipIf(isMissing)('each script', () => {
  let ran: readonly (readonly Ran[])[];
  beforeAll(async () => {
    const again = ({ script, setup, parameters }: Job): Case => ({ script, setup, runs: [parameters, parameters] });
    const whatIf = ({ script, setup, parameters }: Job): Case => ({
      script,
      setup,
      runs: [{ ...parameters, WhatIf: true }],
    });
    const bad = BAD.map(([script, , parameters]): Case => ({ script, runs: [parameters] }));
    ran = await runCases([...JOBS.map(again), ...JOBS.map(whatIf), ...bad]);
  }, 180_000);

  it.each(JOBS.map((job, index) => [job.what, job, index] as const))(
    'makes exactly the calls for %s, and none the second time',
    (_, { changes }, index) => {
      const [first, second] = ran[index] ?? [];
      expect([first?.error, second?.error]).toEqual([null, null]);
      expect(changesOf(first)).toEqual(Object.entries(changes));
      expect(changesOf(second)).toEqual([]);
      expect(first?.output).toMatchObject([{ ObjectId: OBJECT_ID, AppId: APP_ID, Changed: true }]);
      expect(second?.output).toMatchObject([{ Changed: false }]);
      expect(first?.told[0]).toBe('Done:');
      expect(second?.told[0]).toBe('Nothing was changed.');
    },
  );

  it.each(JOBS.map((job, index) => [job.what, index] as const))('makes none with -WhatIf: %s', (_, index) => {
    const [only] = ran[JOBS.length + index] ?? [];
    expect(only?.error).toBeNull();
    expect(changesOf(only)).toEqual([]);
  });

  it.each(BAD.map(([script, what, , text], index) => [script, what, text, index] as const))(
    '%s refuses %s before the first call',
    (_, __, text, index) => {
      const [only] = ran[2 * JOBS.length + index] ?? [];
      expect(only?.error).toContain(text);
      expect(only?.calls).toEqual([]);
    },
  );
});

describe.skipIf(isMissing)('a cmdlet that fails at any change', () => {
  const steps = JOBS.flatMap((job) =>
    Object.keys(job.changes).map((name, index) => ({ job, name, failAt: index + 1 })),
  );
  let ran: readonly (readonly Ran[])[];
  beforeAll(async () => {
    ran = await runCases(
      steps.map(({ job: { script, setup, parameters }, failAt }) => ({
        script,
        setup: `${setup}; $Tenant.FailAt = ${failAt}`,
        runs: [parameters, parameters],
      })),
    );
  }, 180_000);

  it.each(steps.map(({ job, name }, index) => [name, job.what, job, index] as const))(
    '%s, in %s: nothing is open that was not, and the next run completes it',
    (name, _, { changes, parameters, setup, script }, index) => {
      const [failed, completed] = ran[index] as readonly [Ran, Ran];
      expect(failed.error).toContain('not available');
      expect(completed.error).toBeNull();
      const made = [...changesOf(failed).slice(0, -1), ...changesOf(completed)];
      expect(made).toEqual(Object.entries(changes));
      expect(failed.calls.at(-1)?.name).toBe(name);
      const isGrant = script.startsWith('Grant');
      const asked = isGrant ? EVERYTHING : ((parameters as { readonly Members?: readonly string[] }).Members ?? []);
      const before = setup.includes('Policies') || setup.includes('Assigned') ? [SUPPORT, ...asked] : asked;
      const extra = setup.includes('hr@contoso.example') ? ['hr@contoso.example'] : [];
      for (const one of [failed, completed]) expect(opened(one, [...before, ...extra])).toEqual([]);
    },
  );
});

describe.skipIf(isMissing)('what the scripts say', () => {
  const table: readonly (readonly [string, Case, (ran: Ran) => void])[] = [
    [
      'a permission that no policy restricts opens everything: a warning',
      { script: 'Grant-GraphMailPermission.ps1', runs: [{ Identity: 'mailscope' }] },
      ({ warnings, told }) => {
        expect(warnings.join()).toContain('opens every mailbox');
        expect(told.join()).toContain('up to a day');
      },
    ],
    [
      'a tenant-wide role beside an RBAC scope is refused',
      { script: 'Grant-GraphMailPermission.ps1', setup: SCOPED, runs: [{ Identity: 'mailscope' }] },
      (ran) => {
        expect(ran.error).toContain('grants add up');
        expect(changesOf(ran)).toEqual([]);
      },
    ],
    [
      'unless it is forced',
      { script: 'Grant-GraphMailPermission.ps1', setup: SCOPED, runs: [{ Identity: APP_ID, Force: true }] },
      (ran) => expect(changesOf(ran)).toHaveLength(1),
    ],
    [
      'a permission that Graph does not offer: those that it does',
      { script: 'Grant-GraphMailPermission.ps1', runs: [{ Identity: 'mailscope', Permission: 'Mail.Everything' }] },
      ({ error }) => expect(error).toContain('Mail.ReadBasic, Mail.Read, Mail.ReadWrite'),
    ],
    [
      'nobody of that name',
      { script: 'Set-MailboxScope.ps1', runs: [{ ...policySet, Identity: 'nobody' }] },
      ({ error }) => expect(error).toContain('There is no service principal "nobody"'),
    ],
    [
      'two of one name: both are listed',
      {
        script: 'Set-MailboxScope.ps1',
        setup: `$Tenant.Principals += @([pscustomobject]@{ Id = 'eeeeeeee-0000-0000-0000-000000000002'; AppId = 'ffffffff-0000-0000-0000-000000000002'; DisplayName = 'mailscope' })`,
        runs: [policySet],
      },
      (ran) => {
        expect(ran.error).toContain(`object id ${OBJECT_ID}`);
        expect(ran.error).toContain('object id eeeeeeee-0000-0000-0000-000000000002');
        expect(changesOf(ran)).toEqual([]);
      },
    ],
    [
      'members that are too many are named, and left without -Prune',
      {
        script: 'Set-MailboxScope.ps1',
        setup: TUTORIAL,
        runs: [{ ...policySet, Members: ['hr@contoso.example'], Denied: ['cch@contoso.example'] }],
      },
      (ran) => {
        expect(ran.warnings.join()).toContain(`other members, which the application may read: ${SUPPORT}`);
        expect(changesOf(ran).map(([name]) => name)).toEqual(['Add-DistributionGroupMember']);
        expect(ran.told).toEqual(
          expect.arrayContaining(['ALLOWED_MAILBOXES=hr@contoso.example', 'DENIED_MAILBOXES=cch@contoso.example']),
        );
        expect(ran.told.join()).toContain(`application id ${APP_ID} is what the policy is keyed by`);
      },
    ],
    [
      'an RBAC scope beside a role in Entra restricts nothing: a warning',
      { script: 'Set-MailboxScope.ps1', setup: TUTORIAL, runs: [rbacSet] },
      ({ warnings }) => expect(warnings.join()).toContain('restricts nothing'),
    ],
    [
      'groups in the group, which RBAC would lose: nothing is changed',
      {
        script: 'Move-MailboxScope.ps1',
        setup: `${TUTORIAL}; $Tenant.Groups['${GROUP}'] += @([pscustomobject]@{ PrimarySmtpAddress = 'team@contoso.example'; RecipientType = 'MailUniversalSecurityGroup' })`,
        runs: [named],
      },
      (ran) => {
        expect(ran.error).toContain('team@contoso.example');
        expect(changesOf(ran)).toEqual([]);
      },
    ],
    [
      'a group that is not there',
      { script: 'Move-MailboxScope.ps1', setup: SCOPED, runs: [{ ...named, GroupName: 'other' }] },
      ({ error }) => expect(error).toContain('There is no group "other"'),
    ],
    [
      'a cmdlet that the roles of the signed-in person do not hold, which is not the same as finding nothing',
      {
        script: 'Set-MailboxScope.ps1',
        setup: `$ExecutionContext.InvokeProvider.Item.Remove('function:Get-ManagementScope', $false)`,
        runs: [rbacSet],
      },
      (ran) => {
        expect(ran.error).toContain('The cmdlet Get-ManagementScope is missing');
        expect(changesOf(ran).map(([name]) => name)).not.toContain('New-ManagementScope');
      },
    ],
    [
      'a policy that stays for want of proof',
      { script: 'Remove-MailboxScope.ps1', setup: TUTORIAL, runs: [named] },
      ({ output, told }) => {
        expect(output).toMatchObject([{ Waiting: expect.stringContaining('not known') }]);
        expect(told.join()).toContain('The policy stays');
      },
    ],
    [
      'what Exchange’s cmdlets say of each mailbox, and what it comes to',
      {
        script: 'Test-MailboxScope.ps1',
        setup: TUTORIAL,
        runs: [{ Identity: 'mailscope', Mailbox: [SUPPORT, 'cch@contoso.example'] }],
      },
      ({ output, calls }) => {
        expect(output).toMatchObject([
          { Mailbox: SUPPORT, Rbac: 'none', Policy: 'Granted', Expected: 'readable', Live: 'not asked', Agrees: null },
          { Mailbox: 'cch@contoso.example', Policy: 'Denied', Expected: 'refused' },
        ]);
        const tested = calls.filter(({ name }) => name === 'Test-ApplicationAccessPolicy');
        expect(tested.map(({ parameters }) => parameters)).toEqual([
          { Identity: SUPPORT, AppId: APP_ID },
          { Identity: 'cch@contoso.example', AppId: APP_ID },
        ]);
      },
    ],
    [
      'a union of grants, and a policy that was deleted',
      {
        script: 'Test-MailboxScope.ps1',
        setup: `${TUTORIAL}; ${SCOPED}; $Tenant.Policies = @()`,
        runs: [{ Identity: 'mailscope', Mailbox: ['cch@contoso.example'] }],
      },
      ({ output }) =>
        expect(output).toMatchObject([
          {
            Rbac: 'out of scope',
            Policy: 'none',
            Expected: 'readable',
            Explanation: expect.stringMatching(/Was a policy deleted\?.*grants add up/),
          },
        ]),
    ],
  ];
  let ran: readonly (readonly Ran[])[];
  beforeAll(async () => {
    ran = await runCases(table.map(([, one]) => one));
  }, 180_000);

  it.each(table.map(([what, , check], index) => [what, check, index] as const))('%s', (_, check, index) => {
    const [only] = ran[index] ?? [];
    if (!only) throw new Error('it did not run');
    check(only);
  });
});

describe.skipIf(isMissing)('with a running Mailscope', () => {
  let tenant: Switches;
  let emulator: Emulator;
  const apps: App[] = [];

  beforeAll(async () => {
    [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  });
  afterAll(async () => {
    await Promise.all(apps.map(({ host }) => host.close()));
    await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
  });

  /** An app whose newest run is over; its token shows these roles. */
  async function startSeeing(roles: readonly string[]): Promise<string> {
    await tenant.put('roles', { roles });
    await tenant.put('policy', { mechanism: 'rbac', members: [SUPPORT] });
    const lists = { ALLOWED_MAILBOXES: SUPPORT, DENIED_MAILBOXES: 'cch@contoso.example' };
    const settings = { ...settingsFor(tenant.sandbox.url), ...lists, AzureWebJobsStorage: emulator.nextAccount() };
    const app = await startApp(settings);
    apps.push(app);
    await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
    await vi.waitFor(
      async () => expect((await app.get('runs?top=1')).body.value).toMatchObject([{ status: 'completed' }]),
      { timeout: 15_000, interval: 100 },
    );
    return app.host.url;
  }

  it('a policy goes only when no token carries a read role any more', { timeout: 60_000 }, async () => {
    const setup = `${TUTORIAL}; ${SCOPED}; $Tenant.Roles = @(); $Tenant.Token = @()`;
    const move = (MailscopeUrl: string) => ({
      script: 'Move-MailboxScope.ps1',
      setup,
      runs: [{ ...named, MailscopeUrl }],
    });
    const [early = '', late = ''] = [await startSeeing(['Mail.ReadBasic.All']), await startSeeing([])];
    const nobody = 'http://127.0.0.1:9';
    const [[waiting], [moved], [unknown]] = (await runCases([move(early), move(late), move(nobody)])) as Ran[][] as [
      [Ran],
      [Ran],
      [Ran],
    ];
    expect(changesOf(waiting)).toEqual([]);
    expect(waiting.output).toMatchObject([
      { Phase: 1, Waiting: expect.stringContaining('still saw Mail.ReadBasic.All') },
    ]);
    expect(changesOf(moved)).toEqual(Object.entries(POLICY_REMOVED));
    expect(moved.output).toMatchObject([{ Phase: 2, Waiting: '' }]);
    expect(unknown.error).toContain(`Mailscope at ${nobody} cannot be asked`);
    expect(changesOf(unknown)).toEqual([]);
  });

  it('says of each mailbox what a live request shows, and why it differs', { timeout: 60_000 }, async () => {
    const MailscopeUrl = await startSeeing([]);
    const test = {
      Identity: 'mailscope',
      Mailbox: [SUPPORT, 'cch@contoso.example', 'hr@contoso.example'],
      MailscopeUrl,
    };
    const ask = () => runCases([{ script: 'Test-MailboxScope.ps1', setup: SCOPED, runs: [test] }]);
    expect((await ask())[0]?.[0]?.output).toMatchObject([
      { Mailbox: SUPPORT, Rbac: 'in scope', Expected: 'readable', Live: 'readable', Agrees: true, Explanation: '' },
      { Mailbox: 'cch@contoso.example', Rbac: 'out of scope', Expected: 'refused', Live: 'refused', Agrees: true },
      { Mailbox: 'hr@contoso.example', Live: 'inconclusive (403 mailbox-not-listed)', Agrees: null },
    ]);
    await tenant.put('policy', { mechanism: 'rbac', members: ['cch@contoso.example'] });
    expect((await ask())[0]?.[0]?.output).toMatchObject([
      { Expected: 'readable', Live: 'refused', Agrees: false, Explanation: expect.stringContaining('on its way') },
      { Expected: 'refused', Live: 'readable', Agrees: false, Explanation: expect.stringContaining('on its way') },
      {},
    ]);
  });
});
