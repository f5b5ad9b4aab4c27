// What must not happen in a tenant: a look at the wrong one, somebody else's things changed, mailboxes opened on the way.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engine, type Step } from '../support/powershell.ts';
import {
  APP_ID,
  ASSIGNMENT,
  CCH,
  CEO,
  changesOf,
  DN,
  dn,
  GROUP,
  grant,
  grouped,
  move,
  moved,
  newMember,
  newPlays,
  newPolicy,
  newRbac,
  newRole,
  noPolicy,
  noRbac,
  noRole,
  OBJECT_ID,
  POLICY,
  READ_BASIC,
  remove,
  SALES,
  SUPPORT,
  set,
  test,
  underPolicy,
  underRbac,
  written,
} from '../support/powershellCases.ts';

const { play, run } = newPlays();
const HOME = 'b0a1d2c3-0000-4000-8000-00000000000a';
const ELSEWHERE = 'b0a1d2c3-0000-4000-8000-00000000000b';
const OTHER_APP = 'c1f0a2b4-0000-4000-8000-000000000002';
const OTHER_OBJECT = 'c1f0a2b4-0000-4000-8000-000000000001';
/** What a policy over a group has as ScopeIdentityRaw: the tenant in memory makes ids from names. */
const groupId = (name: string) => {
  const [a, b, c, d, e] =
    [...createHash('md5').update(`entra ${name}`).digest()]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .match(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/)
      ?.slice(1) ?? [];
  // A GUID's first three parts are written from their last byte on.
  const turned = (part = '') => part.match(/../g)?.reverse().join('');
  return `S-1-5-21-1-2-3-4;${turned(a)}-${turned(b)}-${turned(c)}-${d}-${e}`;
};
const ids = { Identity: undefined, ObjectId: OBJECT_ID, ApplicationId: APP_ID };
const policySet = (parameters = {}) => set('ApplicationAccessPolicy', parameters);
const all: readonly (readonly [string, Step])[] = [
  ['Grant', grant()],
  ['Set', policySet()],
  ['Move', move()],
  ['Remove', remove()],
  ['Test', test([CEO])],
];
const only = (result: ReturnType<typeof play>) => result()[0];
const warned = (result: ReturnType<typeof play>) => only(result)?.warnings.join('\n') ?? '';

beforeAll(run);

describe.skipIf(!engine)('two tenants', () => {
  const apart = all.map(([name, step]) => [name, play({ ...underPolicy, exchange: ELSEWHERE }, step)] as const);
  const session = { Name: 'ExchangeOnline_1', State: 'Connected', TokenStatus: 'Active', TenantID: HOME };
  const compliance = { ...session, Name: 'ExchangeOnlineProtection_1', IsEopSession: true };
  const none = [
    ['a session of Security & Compliance alone', [compliance], 'Security & Compliance PowerShell'],
    ['a session whose token has expired', [{ ...session, TokenStatus: 'Expired' }], 'has expired'],
    ['a session that is broken', [{ ...session, State: 'Broken' }], 'has expired'],
    ['sessions in two tenants', [session, { ...session, TenantID: ELSEWHERE }], 'several tenants'],
    ['a session that does not tell its tenant', [{ ...session, TenantID: '' }], 'cannot be compared'],
  ] as const;
  const unusable = none.map(([what, connections, says]) => [what, says, play({ connections }, policySet())] as const);
  const beside = play({ connections: [compliance, { ...session, TenantID: `{${HOME.toUpperCase()}}` }] }, policySet());

  it.each(apart)('%s refuses to work in both, before it looks at anything', (_, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.TwoTenants');
    expect(only(result)?.error).toContain(HOME);
    expect(only(result)?.error).toContain(ELSEWHERE);
    expect(only(result)?.calls.map(({ name }) => name)).toEqual(['Get-MgContext', 'Get-ConnectionInformation']);
  });

  it.each(unusable)('%s is not a connection to Exchange', (_, says, result) => {
    expect(only(result)?.error).toContain(says);
    expect(changesOf(only(result))).toEqual([]);
  });

  it('a session of Security & Compliance beside one of Exchange does not matter, and the one tenant is printed', () => {
    expect(only(beside)?.error).toBe(null);
    expect(only(beside)?.lines[0]).toBe(`tenant ${HOME} (admin@contoso.example)`);
    expect(only(beside)?.output).toMatchObject([{ TenantId: HOME }]);
  });
});

describe.skipIf(!engine)('a look that fails', () => {
  const ways = ['unseen', 'hidden', 'lost', 'broken'] as const;
  const looks: readonly (readonly [string, string, Parameters<typeof play>[0], Step])[] = [
    ['Grant over an RBAC scope', 'Get-ServicePrincipal', underRbac, grant()],
    ['Grant over an RBAC scope', 'Get-ManagementRoleAssignment', underRbac, grant()],
    ['Grant under a policy', 'Get-ApplicationAccessPolicy', underPolicy, grant({ Permission: 'Mail.Read' })],
    ['Grant by an id', 'Get-MgServicePrincipal', {}, grant({ Identity: OBJECT_ID })],
    ['Set', 'Get-DistributionGroup', grouped, policySet()],
    ['Set', 'Get-DistributionGroupMember', grouped, policySet()],
    ['Set', 'Get-Recipient', {}, policySet()],
    ['Set', 'Get-ManagementScope', grouped, set('Rbac')],
    ['Move past a DenyAccess policy', 'Get-ApplicationAccessPolicy', underPolicy, move()],
    ['Remove of a group', 'Get-ApplicationAccessPolicy', underRbac, remove({ RemoveGroup: true, Force: true })],
    ['Remove of a scope', 'Get-ManagementRoleAssignment', underRbac, remove()],
  ];
  const plays = looks.flatMap(([what, look, tenant, step]) =>
    ways.map((way) => [what, look, way, play({ ...tenant, fault: { [look]: way } }, step)] as const),
  );

  it.each(plays)('%s: %s that is %s is not taken for nothing there', (_, look, __, result) => {
    expect(only(result)?.error).toContain(look);
    expect(changesOf(only(result))).toEqual([]);
  });

  it("does not carry on under the caller's -ErrorAction SilentlyContinue", () => {
    expect(changesOf(only(silenced))).toEqual([]);
    expect(only(silenced)?.readable).toEqual([SUPPORT]);
  });
  const silenced = play(underRbac, grant({ ErrorAction: 'SilentlyContinue' }));
});

describe.skipIf(!engine)("somebody else's scope", () => {
  const filters = [
    "CustomAttribute1 -eq 'CA'",
    `MemberOfGroup -eq '${DN}' -or RecipientTypeDetails -eq 'UserMailbox'`,
    `-not(MemberOfGroup -eq '${DN}')`,
    `MemberOfGroup -ne '${DN}'`,
    `(MemberOfGroup -eq '${DN}') -or (MemberOfGroup -eq '${dn('others')}')`,
    `MemberOfGroup -eq '${dn('others')}'`,
    `MemberOfGroup -eq '${DN},OU=deeper'`,
    'MemberOfGroup -eq $null',
    '',
  ];
  const makers = [set('Rbac'), move()];
  const refused = filters.flatMap((filter) =>
    makers.map((step) => [step.command, filter, play({ ...underPolicy, scopes: { [GROUP]: filter } }, step)] as const),
  );
  const kept = filters.map(
    (filter) => [filter, play({ ...underRbac, scopes: { [GROUP]: filter } }, remove())] as const,
  );
  const before = play({ scopes: { [GROUP]: "CustomAttribute1 -eq 'CA'" } }, set('Rbac'));
  const bracketed = play({ ...underRbac, scopes: { [GROUP]: `(MemberOfGroup -eq '${DN}')` } }, set('Rbac'));
  const used = play(
    { ...underRbac, assignments: [ASSIGNMENT, { ...ASSIGNMENT, Identity: 'assignment-2', App: OTHER_OBJECT }] },
    remove(),
  );
  const anothersScope = {
    ...underRbac,
    scopes: { ...underRbac.scopes, theirs: `MemberOfGroup -ne '${DN}'` },
    assignments: [
      ASSIGNMENT,
      { ...ASSIGNMENT, Identity: 'assignment-2', App: OTHER_OBJECT, CustomRecipientWriteScope: 'theirs' },
    ],
  };
  const groupStays = play(anothersScope, remove({ RemoveGroup: true }));
  const byGroup = {
    Identity: 'assignment-1',
    App: OBJECT_ID,
    Role: 'Application Mail.ReadBasic',
    RecipientWriteScope: 'Group',
  };
  const groupScopes = [`${GROUP}20260102030405`, `${GROUP}20260102030405_20d5848c-4d61-4b82-a44f-205adc37321f`].map(
    (CustomResourceScope) => {
      const tenant = { ...grouped, known: [OBJECT_ID], assignments: [{ ...byGroup, CustomResourceScope }] };
      return [CustomResourceScope, play(tenant, set('Rbac'), remove())] as const;
    },
  );
  const foreignGroup = play(
    { ...underRbac, assignments: [{ ...byGroup, CustomResourceScope: 'mailscope-mailboxes2' }] },
    set('Rbac'),
  );

  it.each(refused)('%s stops at the filter %s and changes nothing', (_, filter, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.ForeignScope');
    expect(only(result)?.error).toContain(`Its filter: ${filter}`);
    expect(changesOf(only(result))).toEqual([]);
  });

  it('is found before the group is made', () => {
    expect(only(before)?.errorId).toContain('MailboxScope.ForeignScope');
    expect(changesOf(only(before))).toEqual([]);
  });

  it.each(kept)('Remove leaves it and its assignments, and names the filter %s', (filter, result) => {
    expect(only(result)?.error).toBe(null);
    expect(warned(result)).toContain(`which is not about this group alone (its filter: ${filter})`);
    expect(changesOf(only(result))).toEqual([]);
  });

  it('is ours in brackets, too', () => {
    expect(only(bracketed)?.error).toBe(null);
    expect(changesOf(only(bracketed))).toEqual([]);
  });

  it('that another assignment uses is left, and the user is named', () => {
    expect(changesOf(only(used)).map(written)).toEqual([noRbac[0], noRbac[2]]);
    expect(warned(used)).toContain(`which other assignments use: Application Mail.ReadBasic of ${OTHER_OBJECT}`);
  });

  it("the group stays while somebody else's scope is about it", () => {
    expect(changesOf(only(groupStays)).map(written)).toEqual(noRbac);
    expect(warned(groupStays)).toContain('the group, which other assignments need: Application Mail.ReadBasic of');
  });

  it.each(groupScopes)('is not needed under -RecipientGroupScope, shown as %s', (_, result) => {
    const [made, removed] = result();
    expect(made?.error).toBe(null);
    expect(changesOf(made)).toEqual([]);
    expect(changesOf(removed).map(written)).toEqual([noRbac[0], noRbac[2]]);
  });

  it('an assignment over a group of nearly the same name is not ours', () => {
    expect(changesOf(only(foreignGroup)).map(written)).toEqual([newRbac[2]]);
  });
});

describe.skipIf(!engine)('the open window of a policy', () => {
  const hasty = play({}, policySet({ Denied: [CEO] }), grant());
  const patient = play({}, policySet({ Denied: [CEO] }), { ...grant(), hoursPass: 2 });

  it('is there: a permission right after the policy opens everything', () => {
    expect(hasty()[1]?.readable).toEqual([CCH, CEO, SALES, SUPPORT]);
  });

  it('is closed after two hours', () => {
    expect(patient()[1]?.readable).toEqual([SUPPORT]);
  });

  it('is told by the summary of Set and by a warning of Grant', () => {
    expect(hasty()[0]?.output[0].Next).toContain('Wait two hours, then give the permission');
    expect(hasty()[0]?.lines.join()).toContain('Wait two hours');
    expect(hasty()[1]?.warnings.join()).toContain('wait two hours after Set-MailboxScope');
  });
});

describe.skipIf(!engine)('members that are no mailboxes', () => {
  const contacts = ['partner@fabrikam.example'];
  const inside = { [GROUP]: [SUPPORT, 'staff'], staff: ['board', SALES], board: [CEO] };
  const namesakes = { 'namesake@contoso.example': SALES };
  const strangers = [
    ['a contact', contacts[0], 'partner@fabrikam.example (a MailContact)'],
    ['a group', 'staff@contoso.example', 'staff@contoso.example (a MailUniversalSecurityGroup)'],
    ['nobody', 'nobody@contoso.example', 'Exchange knows no such recipient'],
    ['another one than the asked for', 'namesake@contoso.example', 'Exchange answered with sales@contoso.example'],
  ] as const;
  const refused = strangers.flatMap(([what, address, says]) =>
    (['Member', 'Denied'] as const).map((side) => {
      const given = side === 'Member' ? { Member: [SUPPORT, address] } : { Denied: [address] };
      return [what, side, says, play({ groups: inside, contacts, namesakes }, policySet(given))] as const;
    }),
  );
  const nested = play({ groups: inside }, policySet({ Denied: [CEO] }));
  const pruned = play({ groups: inside }, policySet({ Denied: [CEO], Prune: true, Confirm: false }));
  const underRbacOnly = play({ groups: inside }, set('Rbac', { Denied: [CEO] }));
  const circle = play({ groups: { ...inside, board: ['staff'] } }, policySet({ Denied: [CEO] }));
  const dynamic = play(
    { groups: inside, groupDetails: { staff: { RecipientTypeDetails: 'DynamicDistributionGroup' } } },
    policySet({ Denied: [CEO] }),
  );
  const aliases = { 'help@contoso.example': SUPPORT };
  const bothSides = play({ aliases }, policySet({ Denied: ['help@contoso.example'] }));
  const bothSidesInside = play({ ...grouped, aliases }, policySet({ Denied: ['HELP@contoso.example'] }));
  const twice = play({ aliases }, policySet({ Member: [SUPPORT, 'help@contoso.example'] }));
  const aliasInside = play(
    { groups: { [GROUP]: [SUPPORT, CEO] }, aliases: { 'boss@contoso.example': CEO } },
    set('Rbac', { Denied: ['boss@contoso.example'] }),
  );
  const present = play({ groups: { [GROUP]: [SUPPORT, contacts[0]] }, contacts }, policySet());

  it.each(refused)('%s is refused as -%s, and printed into no setting', (_, side, says, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.NoMailbox');
    expect(only(result)?.error).toContain(`though -${side} lists it`);
    expect(only(result)?.error).toContain(says);
    expect(only(result)?.output).toEqual([]);
    expect(changesOf(only(result))).toEqual([]);
  });

  it('a denied mailbox in a group inside the group is found at any depth, where a policy would open it', () => {
    expect(only(nested)?.error).toContain(`${CEO} is to be denied, but is in the group staff@contoso.example`);
    expect(changesOf(only(nested))).toEqual([]);
  });

  it('-Prune takes such a group out before the policy comes', () => {
    expect(only(pruned)?.error).toBe(null);
    expect(changesOf(only(pruned)).map(written)).toEqual([
      `Remove-DistributionGroupMember Identity=${GROUP} Member=staff@contoso.example`,
      newPolicy,
    ]);
  });

  it('RBAC does not follow groups, so they only get a warning', () => {
    expect(only(underRbacOnly)?.error).toBe(null);
    expect(warned(underRbacOnly)).toContain('is a group: RBAC lets nobody inside it be read');
    expect(only(underRbacOnly)?.readable).toEqual([SUPPORT]);
  });

  it('groups that hold each other end the search', () => {
    expect(only(circle)?.error).toBe(null);
  });

  it('a group that nobody can look into is refused where somebody is denied', () => {
    expect(only(dynamic)?.errorId).toContain('MailboxScope.OpaqueGroup');
    expect(changesOf(only(dynamic))).toEqual([]);
  });

  it('one person is one person, by whichever addresses both sides name them', () => {
    for (const result of [bothSides, bothSidesInside]) {
      expect(only(result)?.errorId).toContain('MailboxScope.AllowedAndDenied');
      expect(changesOf(only(result))).toEqual([]);
    }
    expect(only(aliasInside)?.error).toContain('boss@contoso.example is to be denied, but is a member');
  });

  it('one person is added once, and is once in the settings', () => {
    expect(changesOf(only(twice)).map(written)).toContain(newMember(SUPPORT));
    expect(changesOf(only(twice)).map(written)).not.toContain(newMember('help@contoso.example'));
    expect(only(twice)?.output[0].Settings[0]).toBe(`ALLOWED_MAILBOXES=${SUPPORT}`);
  });

  it('what is a member already, and no mailbox, is named', () => {
    expect(warned(present)).toContain(
      'partner@fabrikam.example in mailscope-mailboxes is a MailContact and no mailbox',
    );
  });
});

describe.skipIf(!engine)('one service alone', () => {
  const exchangeOnly = [
    ['Set by RBAC', play({ graph: null }, set('Rbac', ids)), newRbac],
    ['Set by policy', play({ ...grouped, graph: null }, policySet(ids)), [newPolicy]],
    ['Remove', play({ ...underRbac, graph: null }, remove(ids)), noRbac],
    ['Test', play({ ...underRbac, graph: null }, test([SUPPORT, CEO], ids)), []],
  ] as const;
  const policyStays = play({ ...grouped, graph: null, policies: [POLICY] }, remove({ ...ids, Force: true }));
  const wrongPair = play({}, set('Rbac', { ...ids, ApplicationId: OTHER_APP }));
  const swapped = play({}, set('Rbac', { ...ids, ObjectId: APP_ID, ApplicationId: OBJECT_ID }));
  const same = play({ graph: null }, set('Rbac', { ...ids, ApplicationId: OBJECT_ID }));
  const halves = play({ graph: null }, set('Rbac', { ...ids, ApplicationId: undefined }));
  const known = play(
    { graph: null, known: [{ ObjectId: OBJECT_ID, AppId: OTHER_APP, DisplayName: 'other' }] },
    set('Rbac', ids),
  );
  const graphOnly = { exchange: null };
  const blind = play(graphOnly, grant());
  const knowing = play(graphOnly, grant({ Force: true }));
  const harmless = play(graphOnly, grant({ Permission: 'User.Read.All' }));

  it.each(exchangeOnly)('%s needs no Graph when both ids are given', (_, result, changes) => {
    expect(only(result)?.error).toBe(null);
    expect(
      only(result)
        ?.calls.filter(({ name }) => name.includes('-Mg'))
        .map(({ name }) => name),
    ).toEqual(['Get-MgContext']);
    expect(
      changesOf(only(result))
        .map(written)
        .filter((line) => !line.includes('DistributionGroup')),
    ).toEqual(changes.map((line) => line.replace('DisplayName=mailscope', `DisplayName=${APP_ID}`)));
    expect(warned(result)).toContain('Microsoft Graph is not connected');
  });

  it('no policy goes while nobody can see the roles in Entra, also with -Force', () => {
    expect(changesOf(only(policyStays))).toEqual([]);
    expect(warned(policyStays)).toContain('Microsoft Graph is not connected, so nothing shows that no role is granted');
  });

  it('ids that are not one app are refused', () => {
    expect(only(wrongPair)?.errorId).toContain('MailboxScope.IdsDiffer');
    expect(only(swapped)?.error).not.toBe(null);
    expect(only(same)?.errorId).toContain('MailboxScope.SameIds');
    expect(only(halves)?.error).not.toBe(null);
    expect(only(known)?.errorId).toContain('MailboxScope.OtherPrincipal');
    for (const result of [wrongPair, swapped, same, halves, known]) expect(changesOf(only(result))).toEqual([]);
  });

  it('a mail permission without Exchange needs -Force, because nobody sees what it opens', () => {
    expect(only(blind)?.error).toContain('Run: Connect-ExchangeOnline');
    expect(only(blind)?.error).toContain('-Force grants without it');
    expect(changesOf(only(knowing)).map(written)).toEqual([newRole(READ_BASIC)]);
    expect(warned(knowing)).toContain('nobody looked for a policy');
  });

  it('another permission needs no Exchange', () => {
    expect(only(harmless)?.error).toBe(null);
    expect(only(harmless)?.warnings).toEqual([]);
  });
});

describe.skipIf(!engine)('whose it is', () => {
  const twin = { [GROUP]: [SUPPORT], elsewhere: [SALES] };
  // Its id is our group's, its names are old ones.
  const renamed = { ...POLICY, ScopeName: 'old', ScopeIdentity: 'old20250101000000', ScopeIdentityRaw: groupId(GROUP) };
  const byId = play({ groups: twin, policies: [renamed] }, policySet());
  const byName = play(
    {
      groups: twin,
      policies: [{ ...POLICY, ScopeName: GROUP, ScopeIdentityRaw: 'S-1-5;00000000-0000-4000-8000-0000000000ff' }],
    },
    policySet(),
    remove({ Force: true }),
  );
  const nameOnly = play(
    { groups: twin, policies: [{ ...POLICY, ScopeIdentityRaw: '', ScopeIdentity: '' }] },
    policySet(),
  );
  const silent = play(
    { groups: twin, policies: [{ ...POLICY, ScopeName: '', ScopeIdentityRaw: '', ScopeIdentity: '' }] },
    remove({ Force: true }),
  );
  const invalid = play({ ...grouped, policies: [{ ...POLICY, IsValid: false }] }, grant());
  const everybody = { ...POLICY, Identity: 'policy-all', AppId: '*' };
  const counted = play({ ...grouped, policies: [everybody] }, policySet(), grant());
  const keptForAll = play({ ...grouped, policies: [everybody, POLICY] }, remove({ Force: true, RemoveGroup: true }));
  const deniedForAll = play(
    { ...underPolicy, policies: [POLICY, { ...everybody, AccessRight: 'DenyAccess' }] },
    move(),
  );
  const movedForAll = play({ ...moved, policies: [everybody, POLICY] }, move({ Force: true }));
  const sending = { ...ASSIGNMENT, Identity: 'assignment-2', Role: 'Application Mail.Send' };
  const reading = play({ ...underRbac, assignments: [ASSIGNMENT, sending] }, remove());
  const anothers = { ...ASSIGNMENT, Identity: 'assignment-3', App: OTHER_OBJECT, shownToAll: true };
  const assignee = play({ ...underRbac, assignments: [anothers] }, set('Rbac'), remove());
  const graphAnswers = { 'Get-MgServicePrincipal': [{ Id: OTHER_OBJECT, AppId: OTHER_APP, DisplayName: 'mailscope' }] };
  const otherInGraph = all.map(
    ([name, step]) =>
      [
        name,
        play(
          { ...underPolicy, answers: graphAnswers },
          { ...step, parameters: { ...step.parameters, Identity: OBJECT_ID } },
        ),
      ] as const,
  );
  const exchangeAnswers = {
    'Get-ServicePrincipal': { ObjectId: OTHER_OBJECT, AppId: OTHER_APP, DisplayName: OBJECT_ID },
  };
  const otherInExchange = play({ ...underRbac, answers: exchangeAnswers }, remove());
  const identities = [`{${OBJECT_ID}}`, OBJECT_ID.toUpperCase(), `{${APP_ID.toUpperCase()}}`].map(
    (Identity) => [Identity, play({ ...grouped, policies: [POLICY] }, grant({ Identity }))] as const,
  );

  it('a policy is known by its id, whatever it is called', () => {
    expect(changesOf(only(byId))).toEqual([]);
  });

  it('a policy that Exchange calls not valid is named', () => {
    expect(warned(invalid)).toContain('not valid, so it may hold nobody back');
  });

  it("another group's policy is not ours, though it has our group's name", () => {
    const [made, removed] = byName();
    expect(changesOf(made).map(written)).toEqual([newPolicy]);
    expect(changesOf(removed).map(written)).toEqual(['Remove-ApplicationAccessPolicy Identity=policy-2']);
  });

  it('a policy that tells no id is known by its name, and one that tells nothing is left', () => {
    expect(changesOf(only(nameOnly))).toEqual([]);
    expect(changesOf(only(silent))).toEqual([]);
  });

  it('a policy for every app counts for this one', () => {
    const [made, granted] = counted();
    expect(changesOf(made)).toEqual([]);
    expect(granted?.warnings.join()).not.toContain('opens every mailbox');
    expect(granted?.readable).toEqual([SUPPORT]);
    expect(only(deniedForAll)?.errorId).toContain('MailboxScope.DenyPolicy');
  });

  it('a policy for every app stays', () => {
    expect(changesOf(only(keptForAll)).map(written)).toEqual([noPolicy]);
    expect(warned(keptForAll)).toContain('a policy for every app');
    expect(warned(keptForAll)).toContain('the group, which the policy policy-all needs');
    expect(changesOf(only(movedForAll)).map(written)).toEqual([noPolicy]);
    expect(only(movedForAll)?.output).toMatchObject([{ PolicyLeft: true }]);
  });

  it('Remove takes only roles that read', () => {
    expect(changesOf(only(reading)).map(written)).toEqual([noRbac[0]]);
    expect(warned(reading)).toContain('which other assignments use: Application Mail.Send');
    expect(warned(reading)).toContain('stays known to Exchange');
  });

  it("another assignee's role is neither enough nor removed", () => {
    const [made, removed] = assignee();
    expect(changesOf(made).map(written)).toEqual([newRbac[2]]);
    expect(changesOf(removed).map(written)).not.toContain('Remove-ManagementRoleAssignment Identity=assignment-3');
  });

  it.each(otherInGraph)('%s compares what Graph returned with the id that was asked for', (_, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.OtherPrincipal');
    expect(changesOf(only(result))).toEqual([]);
  });

  it('compares what Exchange returned, too', () => {
    expect(only(otherInExchange)?.errorId).toContain('MailboxScope.OtherPrincipal');
    expect(changesOf(only(otherInExchange))).toEqual([]);
  });

  it.each(identities)('-Identity %s is found', (_, result) => {
    expect(only(result)?.output).toMatchObject([{ ObjectId: OBJECT_ID, ApplicationId: APP_ID }]);
  });
});

describe.skipIf(!engine)('questions', () => {
  const held = { groups: { [GROUP]: [SUPPORT, CCH] } };
  const pruning = { Denied: [CCH], Prune: true };
  const declined = (['No', 'NoToAll'] as const).flatMap((answer) =>
    ['Rbac', 'ApplicationAccessPolicy'].map(
      (mechanism) => [answer, mechanism, play(held, { ...set(mechanism, pruning), answers: [answer] })] as const,
    ),
  );
  const agreed = play(held, { ...set('Rbac', pruning), answers: ['Yes'] });
  const nobody = [
    ['Set -Prune', play(held, set('Rbac', pruning))],
    ['Move', play(underPolicy, move({ Confirm: undefined }))],
    ['Remove', play(underPolicy, remove({ Confirm: undefined }))],
  ] as const;
  const adding = play({}, set('Rbac'));
  const nothing = play({}, { ...set('Rbac', { Confirm: true }), answers: ['NoToAll'] });
  const partly = play(grouped, {
    ...set('Rbac', { Confirm: true, Member: [SUPPORT, SALES] }),
    answers: ['No', 'Yes', 'Yes', 'Yes'],
  });
  const halfMoved = play(underPolicy, { ...move({ Confirm: undefined }), answers: ['Yes', 'Yes', 'No'] });
  const noGroup = play({}, { ...set('Rbac', { Confirm: true }), answers: ['No', 'Yes', 'Yes'] });

  it.each(declined)('-Prune answered %s keeps a denied member in, so %s gives no access', (_, __, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.DeniedInside');
    expect(only(result)?.error).toContain('Its removal was declined');
    expect(changesOf(only(result))).toEqual([]);
    expect(only(result)?.readable).toEqual([]);
  });

  it('-Prune asks before it removes, and goes on after a yes', () => {
    expect(only(agreed)?.error).toBe(null);
    expect(only(agreed)?.readable).toEqual([SUPPORT]);
  });

  it.each(nobody)('%s asks, and says what to do where nobody can be asked', (_, result) => {
    expect(only(result)?.errorId).toContain('MailboxScope.ConfirmationNeeded');
    expect(only(result)?.error).toContain('add -Confirm:$false');
    expect(changesOf(only(result))).toEqual([]);
  });

  it('nothing is asked where nothing is removed', () => {
    expect(only(adding)?.error).toBe(null);
  });

  it('the title says what was declined', () => {
    expect(only(nothing)?.output[0].Summary).toBe(
      `mailscope: not scoped to ${GROUP} by Rbac, nothing was changed (1 of 1 changes declined)`,
    );
    expect(changesOf(only(nothing))).toEqual([]);
    expect(only(partly)?.output[0].Summary).toBe(
      `mailscope: only partly scoped to ${GROUP} by Rbac (1 of 4 changes declined)`,
    );
    expect(only(noGroup)?.output[0].Summary).toContain('nothing was changed');
  });

  it('the role in Entra stays while RBAC is not there', () => {
    expect(changesOf(only(halfMoved)).map(written)).not.toContain(noRole);
    expect(only(halfMoved)?.readable).toEqual([SUPPORT]);
  });
});

describe.skipIf(!engine)('a stop half-way', () => {
  const stopped = play({}, { ...set('Rbac', { Member: [SUPPORT, SALES] }), failAt: 3 });

  it('prints what was done', () => {
    expect(only(stopped)?.error).toContain('The service is unavailable.');
    expect(warned(stopped)).toContain('Stopped half-way. Run the same command again');
    expect(warned(stopped)).toContain(`${GROUP}: make the mail-enabled security group; ${SUPPORT}: add to ${GROUP}.`);
  });
});

describe.skipIf(!engine)('names and lists', () => {
  const names = [
    ["O'Brien's group", "O'Brien's group", 'O-Brien-s-group', undefined],
    ['R&D mail', 'R&D mail', 'R-D-mail', undefined],
    ['rd@contoso.example', 'rd', 'rd', 'rd@contoso.example'],
  ] as const;
  const made = names.map(
    ([GroupName, name, alias, address]) =>
      [
        GroupName,
        name,
        alias,
        address,
        play({}, set('Rbac', { GroupName }), set('Rbac', { GroupName }), remove({ GroupName })),
      ] as const,
  );
  const japanese = play({}, set('Rbac', { GroupName: '営業' }), set('Rbac', { GroupName: '営業' }));
  const known = [`${GROUP}@contoso.example`, `${GROUP}20260102030405`].map(
    (GroupName) => [GroupName, play(underRbac, set('Rbac', { GroupName }))] as const,
  );
  const owned = {
    groups: { [GROUP]: [SUPPORT, CCH] },
    groupDetails: { [GROUP]: { ManagedBy: ['owner@contoso.example'] } },
  };
  const notOwner = play(owned, set('Rbac', { Member: [SUPPORT, SALES], Prune: true, Confirm: false }));
  const piped = play({}, { ...set('Rbac', { Member: undefined }), pipeline: [SUPPORT, '', SALES] });
  const objects = play(
    {},
    { ...set('Rbac', { Member: undefined }), pipeline: [{ mailbox: SUPPORT, expectation: 'allowed' }] },
  );
  const typo = play(
    { groups: { [GROUP]: [SUPPORT, SALES] } },
    { ...set('Rbac', { Member: undefined, Prune: true, Confirm: false }), pipeline: [SUPPORT, 'sales'] },
  );
  const tested = play(underPolicy, { ...test([], { Mailbox: undefined }), pipeline: [SUPPORT, CEO] });
  const noFile = play({}, set('Rbac', { Member: undefined, MemberFile: '/nowhere/list.txt' }));
  const folder = mkdtempSync(join(tmpdir(), 'mailscope-lists-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'allowed.txt'), `# the desk\n${SUPPORT}\n\n${SALES}\n`);
  writeFileSync(join(folder, 'denied.txt'), `${CEO}\n`);
  const files = { Member: undefined, MemberFile: join(folder, 'allowed.txt'), DeniedFile: join(folder, 'denied.txt') };
  const fromFiles = play({}, set('Rbac', files));
  const several = play(
    { groups: { a: [], b: [] }, groupDetails: { a: { Alias: 'same' }, b: { Alias: 'same' } } },
    set('Rbac', { GroupName: 'same' }),
  );

  it.each(made)('-GroupName %s makes one group and finds it again', (_, Name, Alias, PrimarySmtpAddress, result) => {
    const [first, second, removed] = result();
    expect(first?.error).toBe(null);
    const group = changesOf(first)[0]?.parameters;
    expect(group).toEqual({ Name, Alias, Type: 'Security', ...(PrimarySmtpAddress ? { PrimarySmtpAddress } : {}) });
    expect(first?.readable).toEqual([SUPPORT]);
    expect(changesOf(second)).toEqual([]);
    expect(removed?.error).toBe(null);
    expect(removed?.readable).toEqual([]);
    expect(removed?.output).toMatchObject([{ Left: [] }]);
  });

  it('a name without a letter of the alphabet gets an alias', () => {
    expect(changesOf(japanese()[0])[0]?.parameters.Alias).toMatch(/^group-[0-9a-f]{12}$/);
    expect(changesOf(japanese()[1])).toEqual([]);
  });

  it.each(known)('the group goes by %s, and its scope is the same', (_, result) => {
    expect(only(result)?.error).toBe(null);
    expect(changesOf(only(result))).toEqual([]);
  });

  it('a group that somebody else owns is changed with the switch for it', () => {
    expect(only(notOwner)?.error).toBe(null);
    const members = changesOf(only(notOwner)).filter(({ name }) => name.includes('Member'));
    expect(members.map(({ parameters }) => parameters.BypassSecurityGroupManagerCheck)).toEqual([true, true]);
    expect(only(notOwner)?.readable).toEqual([SALES, SUPPORT]);
  });

  it('members come from the pipeline, as text and as objects', () => {
    expect(only(piped)?.readable).toEqual([SALES, SUPPORT]);
    expect(only(objects)?.error).toBe(null);
    expect(only(objects)?.readable).toEqual([SUPPORT]);
    expect(only(tested)?.output.map(({ Expected }) => Expected)).toEqual(['Readable', 'Refused']);
  });

  it('both lists come from files', () => {
    expect(only(fromFiles)?.output[0].Settings).toEqual([
      `ALLOWED_MAILBOXES=${SUPPORT},${SALES}`,
      `DENIED_MAILBOXES=${CEO}`,
    ]);
  });

  it('one wrong address in a pipeline stops the whole command: -Prune would remove somebody', () => {
    expect(only(typo)?.error).toContain("-Member: 'sales' is not an address");
    expect(changesOf(only(typo))).toEqual([]);
  });

  it('a file that is not there, and a name that several groups have, are said', () => {
    expect(only(noFile)?.error).toContain('There is no file /nowhere/list.txt');
    expect(only(several)?.errorId).toContain('MailboxScope.SeveralGroups');
  });
});

describe.skipIf(!engine)('less than is held', () => {
  const stronger = { ...ASSIGNMENT, Role: 'Application Mail.ReadWrite' };
  const scoped = play({ ...underRbac, assignments: [stronger] }, set('Rbac'));
  const granted = play({ ...underPolicy, roles: ['Mail.ReadWrite'] }, grant());
  const equal = play({ ...underPolicy, roles: ['Mail.ReadBasic.All'] }, grant({ Permission: 'Mail.ReadBasic' }));

  it('is said', () => {
    expect(warned(scoped)).toContain('already holds more: Application Mail.ReadWrite over mailscope-mailboxes');
    expect(warned(granted)).toContain('already holds more: Mail.ReadWrite');
    expect(warned(equal)).not.toContain('already holds more');
  });
});

describe.skipIf(!engine)('what is told', () => {
  const talking = play(underRbac, set('Rbac', { Verbose: true }));
  const twice = play(
    {},
    policySet({ Denied: [CCH] }),
    { ...grant({ Permission: 'Mail.ReadWrite' }), hoursPass: 2 },
    policySet({ Denied: [CCH] }),
    grant({ Permission: 'Mail.ReadWrite' }),
  );
  const unexpected = play(
    { ...grouped, policies: [POLICY] },
    test([SUPPORT, 'gone@contoso.example'], { FailOnDifference: true }),
  );
  const expected = play(underPolicy, test([SUPPORT, CEO], { FailOnDifference: true }));

  it('-Verbose names each look', () => {
    const said = only(talking)?.verbose.join('\n');
    for (const look of [
      "service principal 'mailscope'",
      `group '${GROUP}'`,
      `members of '${GROUP}'`,
      `management scope '${GROUP}'`,
      'role assignments of mailscope',
    ])
      expect(said).toContain(look);
  });

  it("the tutorial's case changes nothing the second time", () => {
    const [, , setAgain, grantAgain] = twice();
    expect(changesOf(setAgain)).toEqual([]);
    expect(changesOf(grantAgain)).toEqual([]);
    expect(grantAgain?.warnings).toEqual([]);
    expect(grantAgain?.output[0].Summary).toBe(
      'mailscope: granted Mail.ReadWrite on Microsoft Graph, nothing to change',
    );
  });

  it('-FailOnDifference ends with an error after all objects, and only then', () => {
    expect(only(unexpected)?.output).toHaveLength(2);
    expect(only(unexpected)?.errorId).toContain('MailboxScope.Difference');
    expect(only(unexpected)?.error).toContain(
      '1 of 2 mailboxes are not as expected, or could not be tested: gone@contoso.example',
    );
    expect(only(expected)?.error).toBe(null);
  });
});

describe.skipIf(!engine)('thousands of members', () => {
  const people = (count: number) => Array.from({ length: count }, (_, index) => `user${index}@contoso.example`);
  const filling = (count: number) => {
    const mailboxes = people(count);
    const tenant = { mailboxes: [...mailboxes, CEO], quiet: true };
    const step = { ...set('ApplicationAccessPolicy', { Member: undefined, Denied: [CEO] }), pipeline: mailboxes };
    return play(tenant, step, step);
  };
  const [few, many] = [filling(500), filling(5_000)];
  const counts = (result: ReturnType<typeof play>, step: number) => result()[step]?.counts ?? {};

  it('are looked up once and added once each', () => {
    for (const [result, count] of [
      [few, 500],
      [many, 5_000],
    ] as const) {
      expect(only(result)?.error).toBe(null);
      expect(counts(result, 0)).toMatchObject({
        'Get-Recipient': count + 1,
        'Add-DistributionGroupMember': count,
        'Get-DistributionGroup': 1,
      });
      expect(counts(result, 0)['Get-DistributionGroupMember']).toBe(undefined);
    }
  });

  it('cost one look at the group the second time', () => {
    expect(counts(many, 1)).toMatchObject({ 'Get-Recipient': 1, 'Get-DistributionGroupMember': 1 });
    expect(counts(many, 1)['Add-DistributionGroupMember']).toBe(undefined);
  });

  it('show progress, but do not draw it for each', () => {
    expect(only(many)?.progress).toBeGreaterThan(100);
    expect(only(many)?.progress).toBeLessThan(500);
  });

  it('cost processor time that grows with their number', () => {
    // Squared, ten times as many would cost a hundred times as much.
    console.log(
      `5,000 members: ${only(many)?.cpuSeconds.toFixed(1)} s of processor time, 500: ${only(few)?.cpuSeconds.toFixed(1)} s`,
    );
    expect(only(many)?.cpuSeconds).toBeLessThan(30 * (only(few)?.cpuSeconds ?? 0) + 5);
  });
});
