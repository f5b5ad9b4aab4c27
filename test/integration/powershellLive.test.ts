// The commands that ask the running app: the built bundle over a sandbox tenant, and the stand-ins for the cmdlets.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { engine, runCases } from '../support/powershell.ts';
import { until } from '../support/until.ts';

const APP_ID = '71487acd-ec93-476d-bd0e-6c8b31831053';
const OBJECT_ID = '6233fba6-0198-4277-892f-9275bf728bcc';
const GROUP = 'mailscope-mailboxes';
const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
let tenant: Switches;
let emulator: Emulator;
let app: App;

describe.skipIf(!engine)('with the real app behind -MailscopeUrl', () => {
  beforeAll(async () => {
    [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
    // The app asks for a new one each time: it uses none in its last five minutes. One of a second may expire in a slow run.
    await tenant.put('roles', { roles: ['Mail.ReadBasic.All'], tokenLifetimeSeconds: 60 });
    app = await startApp({
      ...settingsFor(tenant.sandbox.url),
      ALLOWED_MAILBOXES: SUPPORT,
      DENIED_MAILBOXES: CCH,
      AzureWebJobsStorage: emulator.nextAccount(),
    });
  });

  afterAll(async () => {
    await app.host.close();
    await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
  });

  const inExchange = {
    groups: { [GROUP]: [SUPPORT] },
    policies: [{ Identity: 'policy-1', AppId: APP_ID, AccessRight: 'RestrictAccess', ScopeName: GROUP }],
  };
  const inRbac = {
    known: [OBJECT_ID],
    scopes: { [GROUP]: `MemberOfGroup -eq 'CN=${GROUP}20260102030405,OU=contoso.example,OU=Hosted,DC=example'` },
    assignments: [{ App: OBJECT_ID, Role: 'Application Mail.ReadBasic', CustomRecipientWriteScope: GROUP }],
  };

  async function run(): Promise<void> {
    // A breach starts a run of its own, which may be under way yet.
    const begun = async () => {
      const answer = await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
      expect(answer.status).toBe(202);
      return (await answer.json()) as { readonly id: string };
    };
    const { id } = await until(begun);
    const ended = async () => expect((await app.get(`runs/${id}`)).body.status).toBe('completed');
    await until(ended);
  }

  it('the test tells readable, refused and breached mailboxes apart', async () => {
    const parameters = { Identity: 'mailscope', Mailbox: [SUPPORT, CCH], MailscopeUrl: app.host.url };
    const look = {
      tenant: { ...inExchange, roles: ['Mail.ReadBasic.All'] },
      steps: [{ command: 'Test-MailboxScope', parameters }],
    };

    await tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
    const [held] = await runCases([look]);
    await tenant.put('policy', { mechanism: 'none', members: [] });
    const [open] = await runCases([look]);

    expect(held?.[0]?.output.map(({ Live, Agrees }) => [Live, Agrees])).toEqual([
      ['Readable', true],
      ['Refused', true],
    ]);
    expect(open?.[0]?.output.map(({ Live, Agrees }) => [Live, Agrees])).toEqual([
      ['Readable', true],
      ['Readable', false],
    ]);
  });

  it('the test asks the scope of its kind and identity: what the last run saw of calendars, and no contacts', async () => {
    await tenant.put('apps', { apps: [APP_ID] });
    await tenant.put('roles', { app: APP_ID, roles: ['Calendars.Read'] });
    await tenant.put('policy', { app: APP_ID, mechanism: 'application-access-policy', members: [SUPPORT] });
    // The app of the first scope may read every mailbox, so an answer of that scope would be a wrong one.
    await tenant.put('policy', { mechanism: 'none', members: [] });
    const scopes = await startApp({
      ...settingsFor(tenant.sandbox.url),
      SCOPES: 'default, rooms',
      ALLOWED_MAILBOXES: SUPPORT,
      DENIED_MAILBOXES: CCH,
      rooms__GRAPH_RESOURCE: 'calendar',
      rooms__AZURE_CLIENT_ID: APP_ID,
      AzureWebJobsStorage: emulator.nextAccount(),
    });
    const look = (MailscopeUrl: string, parameters: object) => ({
      tenant: { ...inExchange, roles: ['Mail.ReadBasic.All', 'Calendars.Read', 'Contacts.Read'] },
      steps: [
        {
          command: 'Test-MailboxScope',
          parameters: { Identity: 'mailscope', Mailbox: [SUPPORT, CCH], MailscopeUrl, ...parameters },
        },
      ],
    });

    await fetch(`${scopes.host.url}/api/runs?scope=rooms`, { method: 'POST' });
    const seen = async () =>
      expect((await scopes.get(`mailboxes/${CCH}?scope=rooms`)).body.lastOutcome).toBe('refused');
    await until(seen);
    const [rooms, mail, contacts, wrong, unknown] = await runCases([
      look(scopes.host.url, { Resource: 'calendar' }),
      look(scopes.host.url, { Scope: 'default' }),
      look(scopes.host.url, { Resource: 'contacts' }),
      look(app.host.url, { Resource: 'calendar' }),
      look(scopes.host.url, { Scope: 'crm' }),
    ]);
    await scopes.host.close();

    const live = (results: typeof rooms) => results?.[0]?.output.map(({ Live }) => Live);
    expect(live(rooms)).toEqual(['Readable', 'Refused']);
    expect(live(mail)).toEqual(['Readable', 'Readable']);
    expect(live(contacts)).toEqual(['Inconclusive', 'Inconclusive']);
    expect(contacts?.[0]?.output[0].Explanation.join()).toContain(`rooms (calendar, identity ${APP_ID})`);
    expect(live(wrong)).toEqual(['Inconclusive', 'Inconclusive']);
    expect(unknown?.[0]?.error).toContain("Mailscope has no scope 'crm'");
  });

  it('the move waits for a run whose token has lost its read role', async () => {
    const parameters = { Identity: 'mailscope', GroupName: GROUP, MailscopeUrl: app.host.url, Confirm: false };
    const phase2 = { tenant: { ...inExchange, ...inRbac }, steps: [{ command: 'Move-MailboxScope', parameters }] };

    await tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
    await run();
    const [early] = await runCases([phase2]);
    await tenant.put('policy', { mechanism: 'rbac', members: [SUPPORT] });
    await tenant.put('roles', { roles: [], tokenLifetimeSeconds: 60 });
    await run();
    const [late] = await runCases([phase2]);

    expect(early?.[0]?.output).toMatchObject([{ PolicyLeft: true }]);
    expect(early?.[0]?.warnings.join()).toContain('still had Mail.ReadBasic.All');
    expect(late?.[0]?.warnings).toEqual([]);
    expect(late?.[0]?.output).toMatchObject([{ PolicyLeft: false }]);
  });
});
