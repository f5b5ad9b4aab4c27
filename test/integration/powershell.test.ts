// The module of the tenant's side against stand-ins for the cmdlets: what they call, in which order, and what is readable after each call.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Case, engine, type Step } from '../support/powershell.ts';
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
  newGroup,
  newMember,
  newPlays,
  newPolicy,
  newRbac,
  newRole,
  noGroup,
  noPolicy,
  noRbac,
  noRole,
  OBJECT_ID,
  POLICY,
  READ_BASIC,
  READ_WRITE,
  remove,
  SALES,
  SUPPORT,
  set,
  test,
  underPolicy,
  underRbac,
  written,
} from '../support/powershellCases.ts';

const plays = newPlays();
const { play } = plays;

interface Work {
  readonly what: string;
  readonly tenant: Case['tenant'];
  readonly step: Step;
  readonly changes: readonly string[];
  /** What may be readable afterwards beside what was. */
  readonly asked: readonly string[];
}

/** Everything that changes a tenant. */
const WORKS: readonly Work[] = [
  {
    what: 'the permission',
    tenant: { ...grouped, policies: [POLICY] },
    step: grant(),
    changes: [newRole(READ_BASIC)],
    asked: [SUPPORT],
  },
  {
    what: 'a scope by RBAC',
    tenant: {},
    step: set('Rbac', { Member: [SUPPORT, SALES], Denied: [CEO] }),
    changes: [newGroup, newMember(SUPPORT), newMember(SALES), ...newRbac],
    asked: [SUPPORT, SALES],
  },
  {
    what: 'a scope by policy',
    tenant: {},
    step: set('ApplicationAccessPolicy', { Member: [SUPPORT, SALES], Denied: [CEO] }),
    changes: [newGroup, newMember(SUPPORT), newMember(SALES), newPolicy],
    asked: [],
  },
  {
    what: 'a scope over a group that held others',
    tenant: { groups: { [GROUP]: [CEO, SUPPORT, CCH] } },
    step: set('Rbac', { Member: [SUPPORT, SALES], Denied: [CEO], Prune: true, Confirm: false }),
    changes: [
      `Remove-DistributionGroupMember Identity=${GROUP} Member=${CEO}`,
      `Remove-DistributionGroupMember Identity=${GROUP} Member=${CCH}`,
      newMember(SALES),
      ...newRbac,
    ],
    asked: [SUPPORT, SALES],
  },
  {
    what: 'a scope in a tenant that has moved to other servers',
    tenant: { ...underRbac, scopes: { [GROUP]: `MemberOfGroup -eq '${DN.replace('DC=example', 'DC=before')}'` } },
    step: set('Rbac'),
    changes: [`Set-ManagementScope Identity=${GROUP} RecipientRestrictionFilter=MemberOfGroup -eq '${DN}'`],
    asked: [SUPPORT],
  },
  {
    what: 'phase 1 of the move',
    tenant: underPolicy,
    step: move(),
    changes: [...newRbac, noRole],
    asked: [],
  },
  { what: 'phase 2 of the move', tenant: moved, step: move({ Force: true }), changes: [noPolicy], asked: [] },
  {
    what: 'the removal of RBAC and group',
    tenant: underRbac,
    step: remove({ RemoveGroup: true }),
    changes: [...noRbac, noGroup],
    asked: [],
  },
  {
    what: 'the removal of a permission under policy and RBAC',
    tenant: { ...underPolicy, ...underRbac },
    step: remove({ RemoveGroup: true }),
    changes: [noRole, ...noRbac],
    asked: [],
  },
  {
    what: 'the removal of a policy that holds nobody back any more',
    tenant: { ...grouped, policies: [POLICY] },
    step: remove({ RemoveGroup: true, Force: true }),
    changes: [noPolicy, noGroup],
    asked: [],
  },
];

// --- a Mailscope app, answering as the test wants
interface Answer {
  readonly status: number;
  readonly body: unknown;
}
const answers = new Map<string, Answer>();
const asked: string[] = [];
const keys: (string | undefined)[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  keys.push(request.headers['x-functions-key']?.toString());
  if (request.url?.startsWith('/elsewhere')) return response.writeHead(302, { location: '/stolen' }).end();
  const { status, body } = answers.get(request.url ?? '') ?? { status: 404, body: { code: 'not-found' } };
  response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' });
  return response.end(JSON.stringify(body));
});
server.unref();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** An address of the app whose path makes it answer so. */
function app(name: string, path: string, status: number, body: unknown): string {
  answers.set(`/${name}/api/${path}`, { status, body });
  return `${origin}/${name}`;
}
const runs = (name: string, run?: object) => app(name, 'runs?top=1', 200, { value: run === undefined ? [] : [run] });
const now = new Date().toISOString();
/** A run that is over, with these roles in its token. */
const completed = (roles: string[]) => ({ status: 'completed', startedAt: now, controlHeld: true, roles });

beforeAll(plays.run);

afterAll(() => {
  server.close();
});

describe.skipIf(!engine)('the commands', () => {
  describe.each(WORKS)('$what', ({ tenant, step, changes, asked }) => {
    const twice = play(tenant, step, step);
    const whatIf = play(tenant, { ...step, parameters: { ...step.parameters, WhatIf: true } });
    const broken = changes.map((_, index) => play(tenant, { ...step, failAt: index + 1 }, step));

    it('takes exactly the calls expected, and none the second time', () => {
      const [first, second] = twice();
      // One object goes down the pipeline, everything else to other streams: `| ConvertTo-Json` is JSON.
      expect(first?.output).toHaveLength(1);
      expect(first?.error).toBe(null);
      expect(changesOf(first).map(written)).toEqual(changes);
      expect(second?.error).toBe(null);
      expect(changesOf(second)).toEqual([]);
    });

    it('changes nothing under -WhatIf, and says so', () => {
      const [result] = whatIf();
      expect(result?.error).toBe(null);
      expect(changesOf(result)).toEqual([]);
      expect(result?.calls).not.toEqual([]);
      expect(result?.lines.join()).toContain('nothing was changed (-WhatIf)');
    });

    it('opens nothing on its way but what was asked for', () => {
      const [result] = twice();
      const may = new Set([...(result?.before ?? []), ...asked]);
      for (const call of changesOf(result))
        expect([...call.readable].filter((mailbox) => !may.has(mailbox))).toEqual([]);
    });

    it.each(changes.map((change, index) => [change.split(' ')[0], index] as const))(
      'stops where %s fails, with nothing open that was not, and is completed by the next run',
      (name, index) => {
        const [stopped, completed] = broken[index]?.() ?? [];
        const whole = twice()[0];
        expect(stopped?.error).toContain('The service is unavailable.');
        expect(changesOf(stopped).at(-1)).toMatchObject({ name, failed: true });
        const may = new Set([...(stopped?.before ?? []), ...asked]);
        expect(stopped?.readable.filter((mailbox) => !may.has(mailbox))).toEqual([]);
        expect(completed?.error).toBe(null);
        expect(changesOf(completed).map(written)).toEqual(changes.slice(index));
        expect(completed?.readable.filter((mailbox) => !may.has(mailbox))).toEqual([]);
        expect(whole?.readable).toEqual(completed?.readable);
      },
    );
  });

  describe('bad input is refused before the first call', () => {
    it.each(
      [
        ['no identity', grant({ Identity: '' }), 'Identity'],
        ['a permission that is no name', grant({ Permission: 'Mail.*' }), 'Permission'],
        ['an unknown mechanism', set('Everything'), 'Mechanism'],
        ['a member without a domain', set('Rbac', { Member: ['support'] }), '-Member'],
        ['no members', set('Rbac', { Member: [] }), 'Name one as -Member'],
        ['a denied mailbox without a domain', set('Rbac', { Denied: [CEO, 'cch'] }), 'Denied'],
        ['a mailbox both allowed and denied', set('Rbac', { Denied: ['Support@contoso.example'] }), 'one or the other'],
        [
          'a name that means several groups',
          set('Rbac', { GroupName: "a' -or Name -like '*" }),
          'cannot name one group',
        ],
        ['a role that RBAC has not', set('Rbac', { Permission: 'Mail.Send' }), 'Permission'],
        ['the same for the move', move({ Permission: 'Mail.Send' }), 'Permission'],
        [
          'an address that would show the key',
          move({ MailscopeUrl: 'http://mailscope.contoso.example' }),
          'MailscopeUrl',
        ],
        ['the same for the removal', remove({ MailscopeUrl: 'mailscope' }), 'MailscopeUrl'],
        ['a mailbox that is none', test(['ceo']), 'Mailbox'],
      ].map(([what, step, says]) => [what, says, play(underPolicy, step as Step)] as const),
    )('%s', (_, says, result) => {
      const [only] = result();
      expect(only?.error).toContain(says);
      expect(only?.calls).toEqual([]);
    });
  });

  describe('whoever is not signed in', () => {
    const works = [grant(), set('Rbac'), move(), remove(), test([CEO])];
    it.each(works.map((step) => [step.command, play({ graph: null }, step), play({ exchange: null }, step)] as const))(
      'is told by %s how to',
      (_, withoutGraph, withoutExchange) => {
        expect(withoutGraph()[0]?.error).toContain('Run: Connect-MgGraph');
        expect(withoutExchange()[0]?.error).toContain('Run: Connect-ExchangeOnline');
        for (const result of [withoutGraph()[0], withoutExchange()[0]]) expect(changesOf(result)).toEqual([]);
      },
    );
  });

  describe('a look that fails is not taken for nothing there', () => {
    const looks = [
      'Get-MgServicePrincipal',
      'Get-MgServicePrincipalAppRoleAssignment',
      'Get-DistributionGroup',
      'Get-ApplicationAccessPolicy',
      'Get-ServicePrincipal',
      'Get-ManagementScope',
      'Get-ManagementRoleAssignment',
    ];
    const tenant = { ...moved, roles: ['Mail.ReadBasic'] };
    it.each(
      looks.map((look) => {
        const failing = ['unseen', 'hidden', 'lost', 'broken'].map((how) =>
          play({ ...tenant, fault: { [look]: how } }, remove({ Force: true })),
        );
        return [look, failing] as const;
      }),
    )('%s', (look, failing) => {
      for (const result of failing) {
        expect(result()[0]?.error).toContain(look);
        expect(changesOf(result()[0])).toEqual([]);
      }
    });
  });

  describe('the identity', () => {
    const other = { Id: 'c1f0a2b4-0000-4000-8000-000000000001', AppId: 'c1f0a2b4-0000-4000-8000-000000000002' };
    const principals = [
      { Id: OBJECT_ID, AppId: APP_ID, DisplayName: "O'Brien's monitor" },
      { ...other, DisplayName: 'twin' },
      { ...other, Id: 'c1f0a2b4-0000-4000-8000-000000000003', DisplayName: 'twin' },
    ];
    const found = [OBJECT_ID, APP_ID, "O'Brien's monitor"].map(
      (Identity) => [Identity, play({ principals }, grant({ Identity }))] as const,
    );
    const twins = play({ principals }, grant({ Identity: 'twin' }));
    const nobody = play({ principals }, grant({ Identity: 'c1f0a2b4-0000-4000-8000-00000000000f' }));

    it.each(found)('is found by %s', (_, result) => {
      expect(result()[0]?.output).toMatchObject([{ ObjectId: OBJECT_ID, ApplicationId: APP_ID }]);
    });

    it('is not guessed among several of a name: they are listed', () => {
      const [result] = twins();
      expect(result?.error).toContain(`twin  object id ${other.Id}  application id ${other.AppId}`);
      expect(result?.error).toContain('c1f0a2b4-0000-4000-8000-000000000003');
      expect(changesOf(result)).toEqual([]);
    });

    it('that nobody knows is an error', () => {
      expect(nobody()[0]?.error).toContain('No service principal has the object id, application id or display name');
    });
  });

  describe('the permission', () => {
    const unknown = play({}, grant({ Permission: 'Mail.Everything' }));
    const bare = play({}, grant());
    const onlyDenied = play({ policies: [{ ...POLICY, AccessRight: 'DenyAccess' }] }, grant());
    const wrongId = play({ policies: [{ ...POLICY, AppId: OBJECT_ID }] }, grant());
    const refused = play(underRbac, grant());
    const forced = play(underRbac, grant({ Force: true }));

    it('must be one that Microsoft Graph offers', () => {
      expect(unknown()[0]?.error).toContain('Mail.ReadBasic, Mail.ReadBasic.All, Mail.Read, Mail.ReadWrite');
    });

    it('without a policy is given with a warning that it opens every mailbox', () => {
      expect(bare()[0]?.warnings).toMatchObject([expect.stringContaining('opens every mailbox of the tenant')]);
      expect(bare()[0]?.readable).toHaveLength(4);
      expect(onlyDenied()[0]?.warnings.join()).toContain('opens every mailbox of the tenant');
    });

    it('under a policy that names the wrong id is given with a warning that says so', () => {
      expect(wrongId()[0]?.warnings.join()).toContain(`names the object id ${OBJECT_ID} and holds nobody back`);
    });

    it('is refused while RBAC scopes the identity, unless -Force', () => {
      expect(refused()[0]?.error).toContain(`Application Mail.ReadBasic over ${GROUP}`);
      expect(changesOf(refused()[0])).toEqual([]);
      expect(changesOf(forced()[0]).map(written)).toEqual([newRole(READ_BASIC)]);
    });

    it('comes with both ids and the word that a token may take a day', () => {
      const said = bare()[0]?.lines.join('\n');
      expect(said).toContain(`object id ${OBJECT_ID}`);
      expect(said).toContain(`application id ${APP_ID}`);
      expect(said).toContain('up to a day');
    });
  });

  describe('the scope', () => {
    const full = { groups: { [GROUP]: [SUPPORT, CCH] } };
    const kept = play(full, set('ApplicationAccessPolicy', { Denied: [CEO] }));
    const deniedInside = play(full, set('Rbac', { Denied: [CCH] }));
    const alias = play(
      { ...grouped, aliases: { 'help@contoso.example': SUPPORT } },
      set('Rbac', { Member: ['help@contoso.example'] }),
    );
    const asFile = play({}, set('Rbac', { Member: [`${SUPPORT},${SALES}`] }));
    const notSecurity = play(
      { groups: { all: [] }, groupDetails: { all: { RecipientTypeDetails: 'MailUniversalDistributionGroup' } } },
      set('Rbac', { GroupName: 'all' }),
    );
    const held = play(underPolicy, set('Rbac'));
    const unscoped = play(
      { ...underRbac, assignments: [{ ...ASSIGNMENT, CustomRecipientWriteScope: null }] },
      set('Rbac'),
    );
    const wide = play(
      { ...underRbac, assignments: [ASSIGNMENT, { ...ASSIGNMENT, CustomRecipientWriteScope: null }] },
      set('Rbac'),
    );
    const told = ['CustomResourceScope', 'CustomRecipientWriteScope'].map((name) => {
      const { CustomRecipientWriteScope: _, ...assignment } = ASSIGNMENT;
      return [name, play({ ...underRbac, assignments: [{ ...assignment, [name]: GROUP }] }, set('Rbac'))] as const;
    });
    const denying = play(
      { ...grouped, policies: [{ ...POLICY, AccessRight: 'DenyAccess', ScopeName: 'board' }] },
      set('Rbac'),
    );
    const two = play({ ...grouped, policies: [{ ...POLICY, ScopeName: 'others' }] }, set('ApplicationAccessPolicy'));

    it('names members that it was not given, and leaves them', () => {
      const [result] = kept();
      expect(result?.warnings.join()).toContain(CCH);
      expect(result?.output).toMatchObject([{ Extra: [CCH] }]);
      expect(changesOf(result).map(written)).toEqual([newPolicy]);
    });

    it('is not made over a group that holds a denied mailbox, unless -Prune', () => {
      expect(deniedInside()[0]?.error).toContain(`${CCH} is to be denied, but is a member of ${GROUP}`);
      expect(changesOf(deniedInside()[0])).toEqual([]);
    });

    it('knows a member by an alias', () => {
      expect(changesOf(alias()[0]).map(written)).toEqual(newRbac);
    });

    it('takes several members in one string, as pwsh -File hands them over', () => {
      expect(changesOf(asFile()[0]).map(written)).toEqual([newGroup, newMember(SUPPORT), newMember(SALES), ...newRbac]);
    });

    it('needs a security group', () => {
      expect(notSecurity()[0]?.error).toContain('A scope needs a mail-enabled security group');
    });

    it('prints the lines for the settings, and says which id it used where', () => {
      const said = kept()[0]?.lines.join('\n');
      expect(said).toContain(`ALLOWED_MAILBOXES=${SUPPORT}\n  DENIED_MAILBOXES=${CEO}`);
      expect(said).toContain(`application id ${APP_ID}: the policy names this one`);
      expect(held()[0]?.lines.join()).toContain(`object id ${OBJECT_ID}: the role assignment names this one`);
    });

    it.each(told)('knows an assignment that shows its scope as %s', (_, result) => {
      expect(result()[0]?.error).toBe(null);
      expect(result()[0]?.calls).not.toEqual([]);
      expect(changesOf(result()[0])).toEqual([]);
    });

    it('is not made by an assignment over the whole organisation', () => {
      expect(changesOf(unscoped()[0]).map(written)).toEqual(newRbac.slice(2));
    });

    it('warns of a policy that does not hold it back', () => {
      expect(denying()[0]?.warnings.join()).toContain('not held back by the DenyAccess policy over board');
    });

    it('warns of grants that go past it', () => {
      expect(held()[0]?.warnings.join()).toContain('holds Mail.ReadBasic in Entra. Grants add up');
      expect(wide()[0]?.warnings.join()).toContain('Application Mail.ReadBasic over the whole organisation');
      expect(two()[0]?.warnings.join()).toContain('Another policy names this app: RestrictAccess over others');
    });
  });

  describe('the move', () => {
    const nested = { ...underPolicy, groups: { [GROUP]: [SUPPORT, 'inner'], inner: [SALES] } };
    const stopped = play(nested, move());
    const forced = play(nested, move({ AcceptLockout: true }));
    const homeless = play({}, move());
    const both = play(
      underPolicy,
      move(),
      move({ MailscopeUrl: runs('still', completed(['Mail.ReadBasic.All'])) }),
      move({ MailscopeUrl: runs('clean', completed(['User.Read.All'])) }),
    );
    const proofs = [
      ['a run whose token still reads', runs('reads', completed(['Mail.Read'])), 'still had Mail.Read'],
      ['a run whose token still sends', runs('sending', completed(['Mail.Send'])), 'still had Mail.Send'],
      ['a run that is not over', runs('running', { ...completed([]), status: 'running' }), 'status: running'],
      ['a run without a control', runs('lost', { ...completed([]), controlHeld: false }), 'it proves nothing'],
      ['an old run', runs('old', { ...completed([]), startedAt: '2026-01-01T00:00:00Z' }), 'more than an hour ago'],
      ['no run', runs('none', undefined), 'not a completed one'],
      ['a refused key', app('locked', 'runs?top=1', 401, {}), 'status 401'],
      ['no app', 'http://127.0.0.1:9', 'status 0'],
    ].map(([what, MailscopeUrl, says]) => [what, says, play(moved, move({ MailscopeUrl }))] as const);
    /** An app with a scope of another app before one of this app: only the second one's latest run is clean. */
    const scoped = (name: string, clientId: string) => {
      const identity = { kind: 'managed-identity', clientId };
      const other = { name: 'first', resource: 'mail', identity: { ...identity, clientId: OBJECT_ID } };
      app(name, 'scopes', 200, { value: [other, { name: 'rooms', resource: 'calendar', identity }] });
      app(name, 'runs?top=1&scope=first', 200, { value: [completed(['Mail.Read'])] });
      return app(name, 'runs?top=1&scope=rooms', 200, { value: [completed([])] });
    };
    const ofThisApp = play(moved, move({ MailscopeUrl: scoped('p1', APP_ID) }));
    const ofOthers = play(moved, move({ MailscopeUrl: scoped('p2', OBJECT_ID) }));
    const without = play(moved, move());
    const key = play(moved, {
      ...move({ MailscopeUrl: runs('keyed', completed([])) }),
      secureFunctionKey: 'a-secret-key',
    });
    const others = ['Mail.Send', 'full_access_as_app'].map(
      (role) => [role, play({ ...moved, roles: [role] }, move({ Force: true }))] as const,
    );
    const redirected = play(moved, {
      ...move({ MailscopeUrl: `${origin}/elsewhere` }),
      secureFunctionKey: 'a-secret-key',
    });
    const denying = play(
      {
        ...underPolicy,
        groups: { [GROUP]: [SUPPORT, CEO], board: [CEO] },
        policies: [POLICY, { ...POLICY, Identity: 'policy-2', AccessRight: 'DenyAccess', ScopeName: 'board' }],
      },
      move({ Force: true }),
    );
    const elsewhere = {
      ...underPolicy,
      groups: { [GROUP]: [SUPPORT], others: [SALES] },
      policies: [POLICY, { ...POLICY, Identity: 'policy-2', ScopeName: 'others' }],
    };
    const losing = play(elsewhere, move());
    const losingForced = play(elsewhere, move({ AcceptLockout: true }));
    const keeping = play(
      {
        ...elsewhere,
        known: [OBJECT_ID],
        scopes: { others: `MemberOfGroup -eq '${dn('others')}'` },
        assignments: [{ ...ASSIGNMENT, CustomRecipientWriteScope: 'others' }],
      },
      move(),
    );
    const weaker = play({ ...underPolicy, roles: ['Mail.ReadWrite'] }, move());
    const asStrong = play({ ...underPolicy, roles: ['Mail.ReadWrite'] }, move({ Permission: 'Mail.ReadWrite' }));

    it('stops before its first change at groups inside the group, and names them', () => {
      expect(stopped()[0]?.error).toContain('inner@contoso.example');
      expect(changesOf(stopped()[0])).toEqual([]);
      expect(forced()[0]?.output).toMatchObject([
        { Phase: '1', NestedGroups: ['inner@contoso.example'], PolicyLeft: true },
      ]);
      expect(changesOf(forced()[0]).map(written)).toEqual([...newRbac, noRole]);
    });

    it('needs the group', () => {
      expect(homeless()[0]?.error).toContain(`There is no group ${GROUP}`);
    });

    it('takes the next phase with the same command, once a run shows no read role', () => {
      const [first, second, third] = both();
      expect(first?.output).toMatchObject([{ Phase: '1', PolicyLeft: true }]);
      expect(changesOf(second)).toEqual([]);
      expect(second?.output).toMatchObject([{ Phase: '2', PolicyLeft: true }]);
      expect(third?.output).toMatchObject([{ Phase: '2', PolicyLeft: false }]);
      expect(changesOf(third).map(written)).toEqual([noPolicy]);
    });

    it.each(proofs)('keeps the policy at %s', (_, says, result) => {
      expect(result()[0]?.warnings.join()).toContain(says);
      expect(changesOf(result()[0])).toEqual([]);
    });

    it('takes the proof from a scope of this app, and from no other', () => {
      expect(changesOf(ofThisApp()[0]).map(written)).toEqual([noPolicy]);
      expect(changesOf(ofOthers()[0])).toEqual([]);
      expect(ofOthers()[0]?.warnings.join()).toContain(
        `no scope of Mailscope asks as ${APP_ID}. There are first (mail`,
      );
    });

    it('keeps the policy without a proof', () => {
      expect(without()[0]?.warnings.join()).toContain('add -MailscopeUrl');
    });

    it('sends the function key, and shows it nowhere', () => {
      expect(changesOf(key()[0]).map(written)).toEqual([noPolicy]);
      expect(keys).toContain('a-secret-key');
      expect(JSON.stringify(key())).not.toContain('a-secret-key');
    });

    it('shows the key to no other address', () => {
      expect(redirected()[0]?.warnings.join()).toContain('status 302');
      expect(asked).not.toContain('/stolen');
    });

    it.each(others)('keeps a policy that holds back %s, also with -Force', (role, result) => {
      expect(result()[0]?.warnings.join()).toContain(`it also holds back ${role}`);
      expect(changesOf(result()[0])).toEqual([]);
    });

    it('stops at a policy that denies, which RBAC would go past', () => {
      expect(denying()[0]?.error).toContain('A DenyAccess policy over board names this app');
      expect(changesOf(denying()[0])).toEqual([]);
    });

    it('stops where members of another policy would be locked out, and names it', () => {
      expect(losing()[0]?.error).toContain('Another policy lets this app into others (policy-2)');
      expect(changesOf(losing()[0])).toEqual([]);
      expect(changesOf(losingForced()[0]).map(written)).toContain(noRole);
      expect(keeping()[0]?.warnings.join()).toContain('Another policy names this app and stays: others');
      expect(keeping()[0]?.readable).toEqual([SALES, SUPPORT]);
    });

    it('says when RBAC gives less than the role did', () => {
      expect(weaker()[0]?.warnings.join()).toContain('Mail.ReadWrite goes, and RBAC gives Mail.ReadBasic only');
      expect(asStrong()[0]?.warnings).toEqual([]);
    });
  });

  describe('the removal', () => {
    const clean = runs('gone', completed([]));
    const inTurn = play(underPolicy, remove(), remove(), { ...remove({ MailscopeUrl: clean }), dayPasses: true });
    const hasty = play(underPolicy, remove({ Force: true }), { ...remove({ Force: true }), dayPasses: true });
    const shared = play(
      {
        ...underRbac,
        assignments: [ASSIGNMENT, { ...ASSIGNMENT, Identity: 'assignment-2', CustomRecipientWriteScope: 'others' }],
      },
      remove(),
    );

    const needed = play(
      {
        ...grouped,
        policies: [
          POLICY,
          { ...POLICY, Identity: 'policy-2', AccessRight: 'DenyAccess' },
          { ...POLICY, Identity: 'policy-3', AppId: 'c1f0a2b4-0000-4000-8000-000000000002' },
        ],
      },
      remove({ RemoveGroup: true, Force: true }),
    );

    it('keeps policy and group until no token has the role', () => {
      const [first, second, third] = inTurn();
      expect(changesOf(first).map(written)).toEqual([noRole]);
      expect(first?.output).toMatchObject([{ Left: [expect.stringContaining('the policy')] }]);
      expect(changesOf(second)).toEqual([]);
      expect(changesOf(third).map(written)).toEqual([noPolicy]);
      expect(third?.readable).toEqual([]);
    });

    it('takes role and policy away in one run never, also with -Force', () => {
      const [first, second] = hasty();
      expect(changesOf(first).map(written)).toEqual([noRole]);
      expect(first?.readable).toEqual([SUPPORT]);
      expect(changesOf(second).map(written)).toEqual([noPolicy]);
      expect(second?.readable).toEqual([]);
    });

    it('leaves a policy that denies, and the group while another policy is about it', () => {
      const [result] = needed();
      expect(changesOf(result).map(written)).toEqual([noPolicy]);
      expect(result?.warnings.join()).toContain('Left: the group, which the policy policy-2, policy-3 needs');
    });

    it('leaves the identity in Exchange while another scope needs it', () => {
      expect(changesOf(shared()[0]).map(written)).toEqual(noRbac.slice(0, 2));
      expect(shared()[0]?.warnings.join()).toContain('stays known to Exchange');
    });
  });

  describe('the test', () => {
    const path = (mailbox: string) => `mailboxes/${encodeURIComponent(mailbox)}/latest-subject`;
    const readable = (name: string, mailbox: string) => app(name, path(mailbox), 200, { mailbox, subject: 'Hello' });
    const problem = (name: string, mailbox: string, status: number, code: string) =>
      app(name, path(mailbox), status, { code, detail: 'As it happened.' });
    const verdict = (tenant: Case['tenant'], mailbox: string, MailscopeUrl?: string) =>
      play(tenant, test([mailbox], MailscopeUrl ? { MailscopeUrl } : {}));
    const rows = [
      [
        'an allowed mailbox that answers',
        verdict(underPolicy, SUPPORT, readable('a', SUPPORT)),
        { Rbac: 'NoRole', Policy: 'Granted', Expected: 'Readable', Live: 'Readable', Agrees: true },
        null,
      ],
      [
        'a refused one',
        verdict(underPolicy, CEO, problem('b', CEO, 403, 'mailbox-refused')),
        { Policy: 'Denied', Expected: 'Refused', Live: 'Refused', Agrees: true },
        null,
      ],
      [
        'one that RBAC opens',
        verdict(underRbac, SUPPORT, readable('c', SUPPORT)),
        { Rbac: 'InScope', Expected: 'Readable', Agrees: true },
        null,
      ],
      ['no live request', verdict(underPolicy, CEO), { Live: 'NotAsked', Agrees: true }, null],
      [
        'a policy not in force yet',
        verdict(underPolicy, CEO, problem('d', CEO, 403, 'scope-breach')),
        { Expected: 'Refused', Live: 'Readable', Agrees: false },
        'propagation: a new policy',
      ],
      [
        'a role still in the token',
        verdict(moved, CEO, problem('e', CEO, 403, 'scope-breach')),
        { Rbac: 'OutOfScope', Expected: 'Refused', Live: 'Readable' },
        'propagation: a token in use',
      ],
      [
        'a role not yet in the token',
        verdict(underPolicy, SUPPORT, problem('f', SUPPORT, 403, 'mailbox-refused')),
        { Expected: 'Readable', Live: 'Refused' },
        'propagation: a new role',
      ],
      [
        'an RBAC role not in force yet',
        verdict(underRbac, SUPPORT, problem('g', SUPPORT, 403, 'mailbox-refused')),
        { Rbac: 'InScope', Live: 'Refused' },
        'propagation: an RBAC role',
      ],
      [
        'a deleted policy',
        verdict({ ...grouped, roles: ['Mail.Read'] }, CEO, problem('h', CEO, 403, 'scope-breach')),
        { Policy: 'Granted', Expected: 'Readable', Agrees: true },
        'deleted policy',
      ],
      [
        'a role beside RBAC',
        verdict({ ...underRbac, roles: ['Mail.Read'] }, CEO, problem('i', CEO, 403, 'scope-breach')),
        { Rbac: 'OutOfScope', Expected: 'Readable' },
        'union of grants: RBAC leaves this mailbox out',
      ],
      [
        'RBAC beside a policy',
        verdict(
          { ...moved, groups: { [GROUP]: [SUPPORT], others: [] }, policies: [{ ...POLICY, ScopeName: 'others' }] },
          SUPPORT,
          readable('j', SUPPORT),
        ),
        { Rbac: 'InScope', Policy: 'Denied', Expected: 'Readable', Agrees: true },
        'union of grants: RBAC lets the app in',
      ],
      [
        'a policy without a role',
        verdict({ ...grouped, policies: [POLICY] }, SUPPORT, problem('k', SUPPORT, 403, 'mailbox-refused')),
        { Policy: 'Granted', Expected: 'Refused', Agrees: true },
        'a policy grants nothing by itself',
      ],
      [
        'an app that cannot tell',
        verdict(underPolicy, CEO, problem('l', CEO, 429, 'throttled')),
        { Live: 'Inconclusive', Agrees: false },
        'no live answer: status 429 throttled As it happened.',
      ],
      [
        'a mailbox that Exchange does not know',
        verdict(underPolicy, 'gone@contoso.example'),
        { Policy: 'Unknown', Expected: 'Unknown' },
        null,
      ],
    ] as const;

    it.each(rows)('shows and explains %s', (_, result, shown, explained) => {
      const [only] = result();
      expect(only?.error).toBe(null);
      expect(only?.output).toMatchObject([shown]);
      expect(only?.output[0].Explanation.join('; ')).toContain(explained ?? '');
      if (explained === null) expect(only?.output[0].Explanation).toEqual([]);
      expect(changesOf(only)).toEqual([]);
    });
  });

  describe('another kind of data than mail', () => {
    const inRbac = (Role: string) => ({ ...underRbac, assignments: [{ ...ASSIGNMENT, Role }] });
    const made = ['Calendars.ReadBasic.All', 'Calendars.ReadWrite', 'Contacts.Read', 'MailboxSettings.Read'].map(
      (Permission) => [Permission, play(grouped, set('Rbac', { Permission }))] as const,
    );
    const twice = play(
      grouped,
      set('Rbac', { Permission: 'Calendars.Read' }),
      set('Rbac', { Permission: 'Calendars.Read' }),
    );
    const beside = play(
      { ...underRbac, roles: ['Calendars.Read', 'Mail.ReadWrite'] },
      set('Rbac', { Permission: 'Calendars.Read' }),
    );
    const forMail = play(grouped, set('Rbac'));
    const gone = play(inRbac('Application Contacts.Read'), remove());
    const look = (tenant: Case['tenant'], mailbox: string, parameters: object) =>
      play(tenant, test([mailbox], { Resource: 'calendar', ...parameters }));
    /** An app that asks for calendars, and whose last run saw this. */
    const last = (name: string, mailbox: string, lastOutcome: string, lastCheckedAt: string) =>
      app(name, `mailboxes/${encodeURIComponent(mailbox)}`, 200, { lastOutcome, lastReason: null, lastCheckedAt });
    const mail = app('ofMail', `mailboxes/${encodeURIComponent(CEO)}/latest-subject`, 403, { code: 'mailbox-refused' });
    const policied = { ...underPolicy, roles: ['Calendars.Read'] };
    const before = new Date(Date.parse(now) - 2 * 3_600_000).toISOString();

    it.each(made)(
      '%s is given by RBAC as its own role, which has no .All and for calendars no basic one',
      (name, result) => {
        const role = `Application ${name.replace('.All', '').replace('Calendars.ReadBasic', 'Calendars.Read')}`;
        const changes = changesOf(result()[0]).map(written);
        expect(changes).toEqual([...newRbac.slice(0, 2), newRbac[2]?.replace('Application Mail.ReadBasic', role)]);
        const kind = { Ca: 'calendar', Co: 'contacts', Ma: 'settings' }[name.slice(0, 2)];
        expect(result()[0]?.output[0].Settings).toContain(`GRAPH_RESOURCE=${kind}`);
        expect(result()[0]?.readable).toEqual([]);
      },
    );

    it('changes nothing the second time', () => {
      expect(twice()[1]?.error).toBe(null);
      expect(changesOf(twice()[1])).toEqual([]);
    });

    it('prints one setting more than mail', () => {
      expect(forMail()[0]?.output[0].Settings).toEqual([`ALLOWED_MAILBOXES=${SUPPORT}`, 'DENIED_MAILBOXES=']);
    });

    it('is warned of roles of its own kind in Entra, and of no others', () => {
      const said = beside()[0]?.warnings.join() ?? '';
      expect(said).toContain('holds Calendars.Read in Entra. Grants add up');
      expect(said).not.toContain('Mail.ReadWrite');
    });

    it('is taken away with the scope', () => {
      expect(changesOf(gone()[0]).map(written)[0]).toMatch(/^Remove-ManagementRoleAssignment/);
      expect(gone()[0]?.output[0].Left).toEqual([]);
    });

    it.each([
      [
        'a role for calendars under a policy',
        look(policied, CEO, { MailscopeUrl: last('m1', CEO, 'refused', now) }),
        { Policy: 'Denied', EntraRoles: ['Calendars.Read'], Expected: 'Refused', Live: 'Refused', Agrees: true },
      ],
      [
        'what the last run could read',
        look(policied, SUPPORT, { MailscopeUrl: last('m2', SUPPORT, 'readable', now) }),
        { Expected: 'Readable', Live: 'Readable', Agrees: true },
      ],
      [
        'an answer that is too old',
        look(policied, SUPPORT, { MailscopeUrl: last('m3', SUPPORT, 'readable', before) }),
        { Live: 'Inconclusive', Agrees: false },
      ],
      ['an app that asks for mail', look(policied, CEO, { MailscopeUrl: mail }), { Live: 'Inconclusive' }],
      [
        'roles for mail',
        look({ ...underRbac, roles: ['Mail.Read'] }, SUPPORT, {}),
        { Rbac: 'NoRole', EntraRoles: [], Expected: 'Refused' },
      ],
      [
        'an RBAC role for calendars',
        look(inRbac('Application Calendars.ReadWrite'), SUPPORT, {}),
        { Rbac: 'InScope', Expected: 'Readable' },
      ],
      [
        'full access to Exchange',
        look(inRbac('Application Exchange Full Access'), CEO, {}),
        { Rbac: 'OutOfScope', Expected: 'Refused' },
      ],
    ] as const)('is tested by what reads it: %s', (_, result, shown) => {
      const [only] = result();
      expect(only?.error).toBe(null);
      expect(only?.output).toMatchObject([shown]);
      expect(changesOf(only)).toEqual([]);
    });
  });

  describe('the scope of Mailscope that the test asks', () => {
    const OTHER = '5f0c1d2e-0000-4000-a000-0000000000c1';
    const scope = (name: string, resource: string | null, clientId: string | null, kind = 'managed-identity') => ({
      name,
      resource,
      identity: resource === null ? null : { kind, clientId },
    });
    const of = (mailbox: string) => `mailboxes/${encodeURIComponent(mailbox)}`;
    /** An app with these scopes. The one that is meant refuses, of mail and of all else; any other gives no answer that counts. */
    const scoped = (name: string, scopes: readonly object[], meant: string) => {
      app(name, 'scopes', 200, { value: scopes });
      const refused = { lastOutcome: 'refused', lastReason: null, lastCheckedAt: now };
      for (const mailbox of [CEO, CCH]) {
        app(name, `${of(mailbox)}?scope=${meant}`, 200, refused);
        app(name, `${of(mailbox)}/latest-subject?scope=${meant}`, 403, { code: 'mailbox-refused' });
      }
      return `${origin}/${name}`;
    };
    const look = (MailscopeUrl: string, parameters = {}) =>
      play(
        { ...underPolicy, roles: ['Mail.ReadBasic', 'Calendars.Read', 'Contacts.Read'] },
        test([CEO, CCH], { MailscopeUrl, Verbose: true, ...parameters }),
      );
    const askedOf = (name: string) =>
      asked.filter((url) => url.startsWith(`/${name}/`)).map((url) => url.replace(`/${name}/api/`, ''));
    const all = [
      scope('first', 'mail', OTHER),
      scope('mine', 'mail', APP_ID.toUpperCase(), 'app-registration'),
      scope('rooms', 'calendar', APP_ID),
      scope('people', 'contacts', APP_ID),
    ];
    const calendar = { Resource: 'calendar' };
    const system = scope('system', 'mail', null);

    it.each([
      ['mail', 's1', look(scoped('s1', all, 'mine')), 'mine', '/latest-subject'],
      ['calendars', 's2', look(scoped('s2', all, 'rooms'), calendar), 'rooms', ''],
      ['contacts', 's3', look(scoped('s3', all, 'people'), { Resource: 'contacts' }), 'people', ''],
      [
        'a name',
        's4',
        look(scoped('s4', [...all, system], 'system'), { Scope: 'SYSTEM' }),
        'system',
        '/latest-subject',
      ],
      [
        'the identity before one that may be it',
        's5',
        look(scoped('s5', [system, ...all], 'mine')),
        'mine',
        '/latest-subject',
      ],
    ] as const)('is chosen by %s, and asked once for the list', (_, name, result, meant, route) => {
      expect(result()[0]?.error).toBe(null);
      expect(result()[0]?.output).toMatchObject([{ Live: 'Refused' }, { Live: 'Refused' }]);
      expect(askedOf(name)).toEqual([
        'scopes',
        ...[CEO, CCH].map((mailbox) => `${of(mailbox)}${route}?scope=${meant}`),
      ]);
      expect(result()[0]?.verbose.join()).toContain(`Live answers come from scope ${meant} (`);
    });

    const possible = look(scoped('s6', [scope('first', 'mail', OTHER), system], 'system'));
    it('may have a system-assigned identity, and -Verbose says so', () => {
      expect(possible()[0]?.output).toMatchObject([{ Live: 'Refused' }, { Live: 'Refused' }]);
      expect(possible()[0]?.verbose.join()).toContain(`so it may be another than ${APP_ID}`);
    });

    const twins = look(scoped('s7', [scope('one', 'mail', APP_ID), scope('two', 'mail', APP_ID)], 'one'));
    it('is the first of several that fit, and -Verbose names the others', () => {
      expect(twins()[0]?.output).toMatchObject([{ Live: 'Refused' }, { Live: 'Refused' }]);
      expect(twins()[0]?.verbose.join()).toContain(
        `Several scopes fit, and the first is asked: one (mail, identity ${APP_ID}), two (mail,`,
      );
    });

    const person = scope('person', 'mail', null, 'developer');
    const none = `no scope of Mailscope asks for mail as ${APP_ID}. There are`;
    it.each([
      [
        'another identity',
        's8',
        look(scoped('s8', [scope('first', 'mail', OTHER)], 'first')),
        `${none} first (mail, identity ${OTHER})`,
      ],
      [
        'another kind of data',
        's9',
        look(scoped('s9', [all[2] ?? {}], 'rooms')),
        `${none} rooms (calendar, identity ${APP_ID})`,
      ],
      [
        'a person',
        's10',
        look(scoped('s10', [person], 'person')),
        `${none} person (mail, developer without a client id)`,
      ],
      [
        'settings with faults',
        's11',
        look(scoped('s11', [scope('bad', null, null)], 'bad')),
        `${none} bad (its settings have faults)`,
      ],
      [
        'a name of another app',
        's12',
        look(scoped('s12', all, 'first'), { Scope: 'first' }),
        'scope first (mail, identity',
      ],
      [
        'a name of other data',
        's13',
        look(scoped('s13', all, 'rooms'), { Scope: 'rooms' }),
        'does not ask for mail as',
      ],
      [
        'a list that is refused',
        's14',
        look(app('s14', 'scopes', 401, {})),
        'Mailscope gave no list of scopes (status 401',
      ],
      [
        'an answer that is no list',
        's15',
        look(app('s15', 'scopes', 200, {})),
        'Mailscope gave no list of scopes (status 200',
      ],
    ] as const)('is none, and nothing else is asked: %s', (_, name, result, reason) => {
      expect(result()[0]?.error).toBe(null);
      const both = result()[0]?.output.map(({ Live, Agrees, Explanation }) => [Live, Agrees, Explanation.join()]);
      const inconclusive = ['Inconclusive', false, expect.stringContaining(`no live answer: `)];
      expect(both).toEqual([inconclusive, inconclusive]);
      expect(both?.join()).toContain(reason);
      expect(askedOf(name)).toEqual(['scopes']);
    });

    const early = look(app('s18', `${of(CEO)}/latest-subject`, 403, { code: 'mailbox-refused' }));
    it('is not named to an earlier version, which has none', () => {
      expect(early()[0]?.output).toMatchObject([{ Live: 'Refused' }, { Live: 'Inconclusive' }]);
      expect(askedOf('s18')).toEqual(['scopes', ...[CEO, CCH].map((mailbox) => `${of(mailbox)}/latest-subject`)]);
    });

    it.each([
      [
        'one that Mailscope does not have',
        look(scoped('s16', all, 'mine'), { Scope: 'crm' }),
        'NoSuchScope',
        "no scope 'crm'. There are first (mail",
      ],
      ['one of an earlier version', look(`${origin}/s17`, { Scope: 'crm' }), 'NoSuchScope', 'Leave out -Scope'],
      [
        'one of no Mailscope',
        play(underPolicy, test([CEO], { Scope: 'crm' })),
        'NoMailscope',
        'Add its address as -MailscopeUrl',
      ],
    ] as const)('is refused: %s', (_, result, id, says) => {
      expect(result()[0]?.errorId).toContain(`MailboxScope.${id}`);
      expect(result()[0]?.error).toContain(says);
      expect(result()[0]?.output).toEqual([]);
    });
  });

  describe("the tutorial's case", () => {
    const tutorial = play(
      {},
      set('ApplicationAccessPolicy', { Denied: [CCH] }),
      { ...grant({ Permission: 'Mail.ReadWrite' }), hoursPass: 2 },
      test([SUPPORT, CCH]),
    );

    it('calls what the tutorial types', () => {
      const calls = tutorial().flatMap((result) => result.calls.map(written));
      for (const command of [
        newGroup,
        newMember(SUPPORT),
        newPolicy,
        newRole(READ_WRITE),
        `Test-ApplicationAccessPolicy AppId=${APP_ID} Identity=${SUPPORT}`,
        `Test-ApplicationAccessPolicy AppId=${APP_ID} Identity=${CCH}`,
      ])
        expect(calls).toContain(command);
    });

    it('ends with one mailbox that answers and another that is refused', () => {
      expect(tutorial().at(-1)?.readable).toEqual([SUPPORT]);
      expect(tutorial().at(-1)?.output).toMatchObject([
        { Mailbox: SUPPORT, Policy: 'Granted', Expected: 'Readable' },
        { Mailbox: CCH, Policy: 'Denied', Expected: 'Refused' },
      ]);
    });
  });
});
