// What each kind of data is: its request, its readable answer, its roles, and the texts that follow from it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageIn, pathOf, queryOf } from '../../src/graph/latestMessage.ts';
import { probableCause, type RunFacts } from '../../src/rules/cause.ts';
import { classify } from '../../src/rules/classify.ts';
import { judgeAllowed, judgeDenied, type LookedAt } from '../../src/rules/doctor/mailboxFindings.ts';
import { judgePermission } from '../../src/rules/doctor/permissionFindings.ts';
import { fewRoles } from '../../src/rules/foreignText.ts';
import { RESOURCE_NAMES, RESOURCES, type ResourceName } from '../../src/rules/resources.ts';
import { EMPTY_TALLY } from '../../src/rules/tally.ts';
import { readConfiguration } from '../../src/settings/settings.ts';
import { ROOT } from '../support/localApp.ts';
import { observed, runAt } from '../support/rules.ts';

/** The application roles of the permissions reference that read, and one that Microsoft has added beside them. */
const READ: Readonly<Record<ResourceName, readonly string[]>> = {
  mail: ['Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite', 'Mail-Advanced.ReadWrite.All'],
  calendar: ['Calendars.ReadBasic', 'Calendars.ReadBasic.All', 'Calendars.Read', 'Calendars.ReadWrite'],
  contacts: ['Contacts.Read', 'Contacts.ReadWrite'],
  settings: ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
};

const ELSE = [
  ...['Mail.Send', 'Mail.ReadWriteX', 'XMail.Read', 'Mail-.Read', 'Mailbox.Read', 'mail.read', 'Mail.Read.Shared', ''],
  ...['MailboxFolder.Read.All', 'MailboxItem.ImportExport.All', 'OrgContact.Read.All', 'User.Read.All', 'Mail.Read\n'],
];

const SUBJECT = 'Board papers, confidential';
const BODIES: Readonly<Record<ResourceName, object>> = {
  mail: { value: [{ id: 'x', subject: SUBJECT, receivedDateTime: '2026-11-23T08:00:00Z' }] },
  calendar: { value: [{ id: 'x', subject: SUBJECT, receivedDateTime: '2026-11-23T08:00:00Z' }] },
  contacts: { value: [{ id: 'x', displayName: SUBJECT }] },
  settings: { timeZone: 'W. Europe Standard Time' },
};

describe.each(RESOURCE_NAMES)('the resource %s', (name) => {
  const resource = RESOURCES[name];
  const others = RESOURCE_NAMES.filter((other) => other !== name);

  it('is read by its own roles alone', () => {
    expect(READ[name].filter((role) => !resource.isReadRole(role))).toEqual([]);
    expect([...others.flatMap((other) => READ[other]), ...ELSE].filter(resource.isReadRole)).toEqual([]);
    expect(READ[name]).toEqual(expect.arrayContaining([...resource.leastRoles]));
  });

  it('asks for no more than an id or a time zone', () => {
    expect(queryOf(resource, false).$select).toBe(name === 'settings' ? 'timeZone' : 'id');
    expect(pathOf(resource, "o'brien@contoso.example")).toBe(`/users/o%27brien%40contoso.example/${resource.path}`);
  });

  it('shows a subject only if it is mail, even if Graph sends one', () => {
    const shown = messageIn(resource, BODIES[name], true);
    expect(shown.subject).toBe(name === 'mail' ? SUBJECT : null);
    expect(queryOf(resource, true)).toEqual(resource.subjectQuery ?? resource.query);
  });

  it('is readable by a 200 with its own shape, and by nothing else', () => {
    expect(classify({ status: 200, body: BODIES[name] }, resource).outcome).toBe('readable');
    for (const body of [{}, { value: 'x' }, [], null, 'text', { error: { code: 'ErrorAccessDenied' } }]) {
      expect(classify({ status: 200, body }, resource)).toMatchObject({
        outcome: 'inconclusive',
        reason: 'unexpected',
      });
    }
    const other = name === 'settings' ? BODIES.mail : BODIES.settings;
    expect(classify({ status: 200, body: other }, resource).outcome).toBe('inconclusive');
    const refused = { status: 403, body: { error: { code: 'ErrorAccessDenied', message: '' } } };
    expect(classify(refused, resource).outcome).toBe('refused');
  });

  it('lets a role of its own be a cause, and none of the others', () => {
    const causeIf = (role: string) => probableCause(facts('readable', [role]), facts('refused', []), resource);
    for (const role of READ[name]) expect(causeIf(role)).toMatch(`the token gained ${role},`);
    for (const role of others.flatMap((other) => READ[other])) expect(causeIf(role)).toMatch(/no role changed/);
  });

  it('is what the doctor speaks of', () => {
    const [refused, open] = [looked('allowed', 'x'), looked('denied', 'o')];
    const role = READ[name].at(-1) ?? '';
    const texts = [
      judgeAllowed([refused], resource).advice,
      judgeDenied([open], resource).advice,
      judgePermission([], [refused], resource).says,
      judgePermission([], [refused], resource).advice,
      judgePermission([role, ...ELSE], [open], resource).says,
    ];
    const [forData, family, reading, least, holds] = texts;
    expect(forData).toContain(`has a role for ${resource.data}.`);
    expect(family).toContain(`tenant-wide ${resource.roles} role`);
    expect(reading).toContain(`no role for reading ${resource.data},`);
    expect(least).toContain(`Give the app ${resource.leastRoles[0]} in Entra`);
    expect(holds).toContain(`The token holds ${role} for the whole tenant`);
    for (const text of texts) if (name !== 'mail') expect(text).not.toMatch(/\bmail\b|Mail\.\*/);
  });

  it('is a value of GRAPH_RESOURCE, in any case, and stores a subject only if it is mail', () => {
    const environment = { ALLOWED_MAILBOXES: 'a@contoso.example', AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
    const { settings } = readConfiguration({ ...environment, GRAPH_RESOURCE: ` ${name.toUpperCase()} ` });
    expect(settings).toMatchObject({ resource: name, storeSubjects: name === 'mail' });
  });

  it('stands in the table of the page about verdicts, with its path and its roles', () => {
    const page = readFileSync(join(ROOT, 'docs/verdicts.md'), 'utf8');
    const [, path, , stem] = (page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '')
      .split('|')
      .slice(1)
      .map((cell) => cell.trim().replaceAll('`', ''));
    expect([path, stem]).toEqual([resource.path, READ[name].find((role) => role.endsWith('.Read'))]);
  });
});

describe('the roles of a token that holds hundreds', () => {
  it('keep those that read any kind of data', () => {
    const others = Array.from({ length: 500 }, (_, index) => `Aardvark.Read.${index}`);
    const all = Object.values(READ).flat();
    const kept = fewRoles([...others, ...all]);
    expect(kept).toHaveLength(100);
    expect(kept).toEqual(expect.arrayContaining(all));
  });
});

/** A run in which ten denied mailboxes were all readable, or all refused. */
function facts(outcome: 'readable' | 'refused', roles: readonly string[]): RunFacts {
  const opened = outcome === 'readable' ? 10 : 0;
  const none = { readable: 0, refused: 0, inconclusive: 0 };
  return {
    ...EMPTY_TALLY,
    byExpectation: { allowed: { ...none, readable: 3 }, denied: { ...none, [outcome]: 10 } },
    openedByKind: { breach: opened, lockout: 0, unverified: 0 },
    messageClasses: { 'application-access-policy': 0, generic: 10 - opened, other: 0 },
    opened,
    roles,
  };
}

function looked(expectation: 'allowed' | 'denied', letter: string): LookedAt {
  const verdict = expectation === 'denied' ? 'breach' : 'lockout';
  return { ...observed(letter, runAt(1, 0)), messageClass: null, expectation, verdict };
}
