// The story for each kind of data: proven, breach, closed, with the real app, a real storage emulator and the sandbox.
import { randomUUID } from 'node:crypto';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, listedPortions } from '../../src/ask/ask.ts';
import { listDrift, mailboxHistory } from '../../src/reads/history.ts';
import { latestSubject } from '../../src/reads/latestSubject.ts';
import { getMailbox, listMailboxes } from '../../src/reads/mailboxes.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { RESOURCE_NAMES, type ResourceName } from '../../src/rules/resources.ts';
import { poll } from '../../src/runs/poll.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const CEO = 'ceo@contoso.example';

const ROLE: Readonly<Record<ResourceName, string>> = {
  mail: 'Mail.ReadBasic.All',
  calendar: 'Calendars.ReadBasic.All',
  contacts: 'Contacts.Read',
  settings: 'MailboxSettings.Read',
};

/** What the sandbox counts a request as. */
const KIND: Readonly<Record<ResourceName, string>> = {
  mail: 'messages',
  calendar: 'events',
  contacts: 'contacts',
  settings: 'mailboxSettings',
};

const ALWAYS = { from: undefined, to: undefined };

let world: World;
/** Each test has an app of its own: the identity library keeps the tokens of an app as long as its process lives. */
let app: string;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(async () => {
  app = randomUUID();
  await world.tenant.put('apps', { apps: [app] });
  await restorePolicy();
});

const restorePolicy = () =>
  world.tenant.put('policy', { app, mechanism: 'application-access-policy', members: [SUPPORT] });
const removePolicy = () => world.tenant.put('policy', { app, mechanism: 'none' });
const grant = (roles: readonly string[], tokenLifetimeSeconds = 86_400) =>
  world.tenant.put('roles', { app, roles, tokenLifetimeSeconds });

const settingsOf = (resource: string) =>
  world.settings({ GRAPH_RESOURCE: resource, AZURE_CLIENT_ID: app, DENIED_MAILBOXES: `${CCH} ${CEO}` });

async function verdicts(monitor: TestApp): Promise<string> {
  const { items } = await listMailboxes(monitor, { startsWith: '' }, 100, '');
  return items.map(({ mailbox, verdict }) => `${mailbox.split('@')[0]} ${verdict}`).join(', ');
}

async function lastRun(monitor: TestApp) {
  const { items } = await listRuns(monitor, 1, '');
  return items[0];
}

const counted = async () => (await world.tenant.state()).requests.byKind;

/** All that is stored, as text. */
async function everythingStored(connection: string): Promise<string> {
  const options = { allowInsecureConnection: true };
  const rows: object[] = [];
  for await (const { name = '' } of TableServiceClient.fromConnectionString(connection, options).listTables()) {
    for await (const row of TableClient.fromConnectionString(connection, name, options).listEntities()) rows.push(row);
  }
  return JSON.stringify(rows);
}

describe.each(RESOURCE_NAMES)('GRAPH_RESOURCE=%s', (resource) => {
  beforeEach(() => grant([ROLE[resource]]));

  it('is proven, then a breach without the policy, then closed', async () => {
    const monitor = createApp(settingsOf(resource));
    const before = await counted();
    await poll(monitor);
    expect(await verdicts(monitor)).toBe('cch compliant, ceo compliant, support compliant');
    expect(await lastRun(monitor)).toMatchObject({
      status: 'completed',
      controlHeld: true,
      roles: [ROLE[resource]],
      outcomes: { readable: 1, refused: 2 },
    });
    await removePolicy();
    await poll(monitor);
    expect(await verdicts(monitor)).toBe('cch breach, ceo breach, support compliant');
    const opened = await listDrift(monitor, { open: true }, 10, '');
    expect(opened.items).toMatchObject([
      { kind: 'breach', probableCause: expect.stringMatching(/^The policy is gone.* no role changed/) },
      { kind: 'breach', evidence: { opened: { status: 200, requestId: expect.any(String) } } },
    ]);
    await restorePolicy();
    await poll(monitor);
    expect(await verdicts(monitor)).toBe('cch compliant, ceo compliant, support compliant');
    expect((await getMailbox(monitor, CCH)).openDrift).toBeUndefined();
    const closed = await listDrift(monitor, { open: false }, 10, '');
    expect(closed.items).toMatchObject([{ closedBecause: 'refused' }, { closedBecause: 'refused' }]);
    const { items } = await mailboxHistory(monitor, CCH, ALWAYS, 10, '');
    expect(items.map(({ outcome, messageClass }) => [outcome, messageClass])).toEqual([
      ['refused', 'application-access-policy'],
      ['readable', null],
      ['refused', 'application-access-policy'],
    ]);
    // Every request in a mailbox was for this kind of data.
    const after = await counted();
    const changed = Object.keys(after).filter((kind) => after[kind] !== before[kind] && !/token|batch/.test(kind));
    expect(changed).toEqual([KIND[resource]]);
  });

  it('stores nothing of what it reads, but the subject of an allowed mail', async () => {
    const settings = settingsOf(resource);
    const monitor = createApp(settings);
    await removePolicy();
    await poll(monitor);
    expect((await lastRun(monitor))?.outcomes).toMatchObject({ readable: 3 });
    const stored = await everythingStored(settings.AzureWebJobsStorage ?? '');
    expect(stored).toContain(CCH);
    expect(stored.includes('VPN drops every hour')).toBe(resource === 'mail');
    for (const content of ['confidential', 'Offer letter', 'Review with', 'Customer of', 'Pacific Standard Time']) {
      expect(stored).not.toContain(content);
      expect(JSON.stringify(monitor.logs)).not.toContain(content);
    }
  });

  it('is proven with RBAC for Applications without a role, and names a role that came in Entra as the cause', async () => {
    await grant([], 1);
    await world.tenant.put('policy', { app, mechanism: 'rbac', members: [SUPPORT], resources: [resource] });
    const settings = settingsOf(resource);
    const monitor = createApp(settings);
    await poll(monitor);
    expect(await verdicts(monitor)).toBe('cch compliant, ceo compliant, support compliant');
    await grant([ROLE[resource]]);
    const later = createApp(settings);
    await poll(later);
    expect(await verdicts(later)).toBe('cch breach, ceo breach, support compliant');
    expect((await lastRun(later))?.probableCause).toMatch(`the token gained ${ROLE[resource]},`);
  });

  it('is refused without its own role, whatever other roles there are', async () => {
    const others = RESOURCE_NAMES.filter((name) => name !== resource).map((name) => ROLE[name]);
    await grant(others);
    const monitor = createApp(settingsOf(resource));
    const report = await ask(monitor, await listedPortions(monitor));
    expect(report.mailboxes.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
  });

  it('has a latest subject only if it is mail, and else sends no request', async () => {
    const monitor = createApp(settingsOf(resource));
    const before = await counted();
    if (resource === 'mail') {
      expect((await latestSubject(monitor, SUPPORT)).subject).toBe('VPN drops every hour');
      return;
    }
    await expect(latestSubject(monitor, SUPPORT)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no latest subject'),
    });
    expect(await counted()).toEqual(before);
  });
});

describe('an answer that is not of this kind', () => {
  it('proves nothing, and is asked for again alone', async () => {
    await grant([ROLE.settings]);
    await world.tenant.put('faults', { mailboxes: { [CCH]: { status: 200, body: 'html' } } });
    const monitor = createApp(settingsOf('settings'));
    await poll(monitor);
    await world.tenant.put('faults', {});
    const { items } = await mailboxHistory(monitor, CCH, ALWAYS, 1, '');
    expect(items).toMatchObject([{ outcome: 'inconclusive', reason: 'unexpected', status: 200 }]);
  });
});

describe('a list that was asked for its mail before', () => {
  it('keeps no subject when the resource changes', async () => {
    await grant(Object.values(ROLE));
    const settings = settingsOf('mail');
    const before = createApp(settings);
    await poll(before);
    expect((await getMailbox(before, SUPPORT)).latestSubject).toBe('VPN drops every hour');
    const after = createApp({ ...settings, GRAPH_RESOURCE: 'calendar' });
    expect(await getMailbox(after, SUPPORT)).not.toHaveProperty('latestSubject');
    await poll(after);
    expect(await everythingStored(settings.AzureWebJobsStorage ?? '')).not.toContain('VPN drops');
  });
});
