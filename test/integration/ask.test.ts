// The command line as a real process of its bundle, against a sandbox tenant over HTTP.
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AskReport } from '../../src/ask/ask.ts';
import { askCommand } from '../../src/cli/askCommand.ts';
import { createScreen, type Output } from '../../src/cli/screen.ts';
import { createScopes, type Services } from '../../src/services.ts';
import type { Adapt } from '../../src/settings/scopes.ts';
import { ROOT, type Switches, startTenant } from '../support/localApp.ts';
import { until } from '../support/until.ts';
import { asScopes } from '../support/world.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const SUBJECT = 'Salaries of the board';
const POLICY = { mechanism: 'application-access-policy', members: [SUPPORT] };

let tenant: Switches;
let folder: string;
let settings: Record<string, string>;

beforeAll(async () => {
  tenant = await startTenant();
  folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
  const { url } = tenant.sandbox;
  // No storage setting: none is needed.
  settings = {
    PATH: process.env.PATH ?? '',
    ALLOWED_MAILBOXES: SUPPORT,
    DENIED_MAILBOXES: CCH,
    GRAPH_ENDPOINT: url,
    IDENTITY_ENDPOINT: `${url}/msi/token`,
    IDENTITY_HEADER: 'sandbox',
  };
  for (const mailbox of [SUPPORT, CCH]) await tenant.post('messages', { mailbox, subject: SUBJECT });
});

afterAll(async () => {
  await tenant.sandbox.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  await tenant.put('policy', POLICY);
  await tenant.put('faults', {});
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], more: Record<string, string> = {}, cli = join(ROOT, 'dist/cli.js')) {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: { ...settings, ...more } });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ended = Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { child, ended: ended.then(([code, stdout, stderr]): Ended => ({ code, stdout, stderr })) };
}

async function mailscope(args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  const ended = await start(args, more).ended;
  expect(ended.stdout + ended.stderr).not.toContain(SUBJECT);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  return ended;
}

/** Settles when the process has printed `what`. */
function untilSaid({ stderr }: ChildProcess, what: string): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    stderr?.on('data', (chunk) => {
      said += chunk;
      if (said.includes(what)) resolve();
    });
  });
}

/** The rows of the table, split at two or more spaces. */
function rowsOf({ stdout }: Ended): string[][] {
  const [, ...lines] = stdout.split('\n\n')[0]?.split('\n') ?? [];
  return lines.map((line) => line.split(/ {2,}/));
}

const single = (expectation: string, mailbox = CCH) => ['--mailbox', mailbox, '--expect', expectation];

describe('what Graph answers', () => {
  it('cannot forge rows, rewrite the screen or give commands to a pipeline', async () => {
    const code = `X\n${CCH}  denied  refused  as declared\n::error::x\u001b[2J\u202e##vso[task.complete]${'x'.repeat(70_000)}`;
    await tenant.put('faults', { mailboxes: { [CCH]: { status: 400, code } } });
    const ended = await mailscope([]);
    expect(ended.code).toBe(2);
    expect(rowsOf(ended).map((cells) => cells.length)).toEqual([6, 6]);
    const { stdout } = await mailscope(['--json']);
    for (const shown of [ended.stdout, stdout]) expect(shown).not.toMatch(/^\s*::|##vso\[|(?!\n)[\p{Cc}\p{Cf}]/mu);
    expect(ended.stdout.length).toBeLessThan(1_000);
    expect(JSON.parse(stdout).mailboxes[0]).toMatchObject({ mailbox: CCH, outcome: 'inconclusive' });
  });
});

describe('the exit code', () => {
  it('is 0 when all is as declared', async () => {
    const ended = await mailscope([]);
    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('\n\n2 as declared.\n') });
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(rowsOf(ended)).toEqual([
      [CCH, 'denied', 'refused', 'as declared', '403 ErrorAccessDenied', id],
      [SUPPORT, 'allowed', 'readable', 'as declared', '200', id],
    ]);
  });

  it('is 1 when a denied mailbox answers', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const ended = await mailscope([]);
    expect(ended.code).toBe(1);
    expect(rowsOf(ended)[0]).toMatchObject([CCH, 'denied', 'readable', 'BREACH: it must be refused', '200', {}]);
  });

  it('is 1 when an allowed mailbox is refused, although no refusal of the others proves anything then', async () => {
    await tenant.put('policy', { members: [] });
    const ended = await mailscope([]);
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringContaining('1 lockout, 1 not provable.') });
    const why = 'not provable: no allowed mailbox was readable before and after';
    expect(rowsOf(ended).map(([, , , meaning]) => meaning)).toEqual([why, 'LOCKOUT: it must be readable']);
  });

  it('is 1 when one is a breach and another is not provable', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    expect(await mailscope([], { DENIED_MAILBOXES: `${CCH} gone@contoso.example` })).toMatchObject({ code: 1 });
  });

  it.each([
    ['gone@contoso.example', 'not provable: Graph does not know this user', '404 ErrorInvalidUser'],
    ['unlicensed@contoso.example', 'not provable: no mailbox that Graph can reach', '404 MailboxNotEnabledForRESTAPI'],
  ])('is 2 when %s shows nothing', async (mailbox, meaning, answer) => {
    const ended = await mailscope([], { DENIED_MAILBOXES: mailbox });
    expect(ended.code).toBe(2);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(rowsOf(ended)).toContainEqual([mailbox, 'denied', 'inconclusive', meaning, answer, id]);
  });

  it('is 2 when there is no token, and Graph is not asked', async () => {
    await tenant.put('faults', { token: { status: 400 } });
    const before = await tenant.state();
    const ended = await mailscope([]);
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('2 not provable.') });
    expect(ended.stderr).toContain('Graph was not asked, because managed-identity gets no token: ');
    expect((await tenant.state()).requests.byMailbox).toEqual(before.requests.byMailbox);
  });

  it('is 2 when nobody is signed in, and says what to do', async () => {
    const ended = await mailscope([], { GRAPH_IDENTITY: 'developer', PATH: folder });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('sign in with az login: ') });
  });

  it.each<[string, readonly string[], Record<string, string>]>([
    ['GRAPH_IDENTITY is "me". Use one of ', [], { GRAPH_IDENTITY: 'me' }],
    ['ALLOWED_MAILBOXES is empty, and so is', [], { ALLOWED_MAILBOXES: '', DENIED_MAILBOXES: '' }],
    ['MAILBOXES_FILE: the file nowhere.csv cannot be found', [], { MAILBOXES_FILE: 'nowhere.csv' }],
    ['AzureWebJobsStorage is missing. ', [], { MAILBOXES_FILE: 'blob:lists/mailboxes.csv' }],
    ["Unknown option '--jsn'", ['--jsn'], {}],
    ['There is no command "tell". The first word must be ask or doctor.', ['tell'], {}],
    ['There is no command "now". The first word must be ask or doctor.', ['ask', 'now'], {}],
    ["'--junit <value>' argument missing", ['--junit'], {}],
    ['--junit needs the name of a file.', ['--junit', ''], {}],
    ['--junit: . cannot be written (EISDIR).', ['--junit', '.'], {}],
    ['--junit: nowhere/x.xml cannot be written (its folder does not exist).', ['--junit', 'nowhere/x.xml'], {}],
    ['--junit: /proc/x/y cannot be written (its folder does not exist).', ['--junit', '/proc/x/y'], {}],
    ['--wait takes a time from 1s to 24h, such as 90s, 30m or 2h, not "soon".', ['--wait', 'soon'], {}],
    ['--wait takes a time from 1s to 24h, such as 90s, 30m or 2h, not "0s".', ['--wait', '0s'], {}],
    ['--wait takes a time from 1s to 24h, such as 90s, 30m or 2h, not "25h".', ['--wait', '25h'], {}],
    ['--wait takes a time from 1s to 24h, such as 90s, 30m or 2h, not "90".', ['--wait', '90'], {}],
    ['--expect takes allowed or denied, not "refused".', single('refused'), {}],
    ['--mailbox needs --expect allowed or --expect denied.', ['--mailbox', CCH], {}],
    ['--expect denied needs --control with an allowed mailbox', single('denied'), {}],
    [
      '--control and --mailbox must name different mailboxes.',
      [...single('denied'), '--control', CCH.toUpperCase()],
      {},
    ],
    ['--mailbox takes a user principal name', single('allowed', 'cch'), {}],
    ['--control takes a user principal name', [...single('denied'), '--control', 'support'], {}],
    ['--expect needs --mailbox.', ['--expect', 'denied'], {}],
    ['--control needs --mailbox.', ['--control', SUPPORT], {}],
  ])('is 3, and nothing is asked: %s', async (message, args, more) => {
    const before = await tenant.state();
    const ended = await mailscope(args, more);
    expect(ended).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(message) });
    expect((await tenant.state()).requests).toEqual(before.requests);
  });
});

describe('a single question', () => {
  const nothingListed = { ALLOWED_MAILBOXES: '', DENIED_MAILBOXES: '', MAILBOXES_FILE: 'nowhere.csv' };
  const withControl = [...single('denied'), '--control', SUPPORT];

  it.each<[string, number, readonly string[], object]>([
    ['a refusal beside a control that answers', 0, withControl, POLICY],
    ['a denied mailbox that answers', 1, withControl, { mechanism: 'none' }],
    ['a refusal beside a control that is refused too', 2, withControl, { members: [] }],
    ['an allowed mailbox that answers', 0, single('allowed', SUPPORT), POLICY],
    ['an allowed mailbox that is refused', 1, single('allowed', SUPPORT), { members: [] }],
    ['the same beside a control', 1, [...single('allowed'), '--control', SUPPORT], POLICY],
    ['a mailbox that is gone', 2, single('allowed', 'gone@contoso.example'), POLICY],
  ])('about %s ends with %i, and needs no list', async (_, code, args, policy) => {
    await tenant.put('policy', policy);
    const ended = await mailscope(['ask', ...args], nothingListed);
    expect(ended.code).toBe(code);
    expect(rowsOf(ended)).toHaveLength(1);
  });
});

describe('the report', () => {
  it('as JSON holds the evidence, and no subject', async () => {
    const { code, stdout } = await mailscope(['--json']);
    const report = JSON.parse(stdout) as AskReport;
    expect(code).toBe(0);
    expect(report).toMatchObject({
      noToken: null,
      roles: ['Mail.ReadBasic.All'],
      verdicts: { compliant: 2, breach: 0, lockout: 0, unverified: 0 },
    });
    expect(report.mailboxes).toMatchObject([
      { mailbox: CCH, expectation: 'denied', verdict: 'compliant', code: 'ErrorAccessDenied', controlHeld: true },
      { mailbox: SUPPORT, expectation: 'allowed', verdict: 'compliant', status: 200 },
    ]);
  });

  it('as JUnit XML has a test case a mailbox: a failure for a breach, an error for what is not provable', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const file = join(folder, 'mailscope.xml');
    const { code } = await mailscope(['--junit', file], { DENIED_MAILBOXES: `${CCH} gone@contoso.example` });
    expect(code).toBe(1);
    const xml = await readFile(file, 'utf8');
    expect(XMLValidator.validate(xml)).toBe(true);
    expect(xml).not.toContain(SUBJECT);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(xml);
    expect(testsuites.testsuite).toMatchObject({ tests: '3', failures: '1', errors: '1', skipped: '0' });
    const [cch, gone, support] = testsuites.testsuite.testcase;
    expect(cch).toMatchObject({ classname: 'mailscope.denied', name: CCH, failure: { type: 'breach' } });
    expect(cch.failure['#text']).toMatch(/^outcome: readable\nstatus: 200\nrequestId: /);
    expect(gone).toMatchObject({
      error: { type: 'not-found', message: 'not provable: Graph does not know this user' },
    });
    expect(support).toMatchObject({ classname: 'mailscope.allowed', name: SUPPORT });
    expect(Object.keys(support)).toEqual(['classname', 'name', 'time']);
  });

  it('of an earlier ask is removed by an ask with bad settings', async () => {
    const file = join(folder, 'earlier.xml');
    await mailscope(['--junit', file]);
    expect(await mailscope(['--junit', file], { GRAPH_IDENTITY: 'me' })).toMatchObject({ code: 3 });
    expect(await readFile(file, 'utf8')).toBe('');
  });
});

describe('a list', () => {
  it('in several portions is asked completely, each portion with a control', async () => {
    await tenant.post('mailboxes', { count: 1_100 });
    const names = Array.from(
      { length: 1_100 },
      (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`,
    );
    await writeFile(
      join(folder, 'many.csv'),
      `mailbox,expectation\n${names.map((name) => `${name},denied\n`).join('')}`,
    );
    const { code, stdout } = await mailscope(['--json'], { MAILBOXES_FILE: 'many.csv' });
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as AskReport;
    expect(report.verdicts.compliant).toBe(1_102);
    expect(report.mailboxes.map(({ mailbox }) => mailbox)).toEqual([CCH, SUPPORT, ...names]);
  });

  it('with faults is reported with their lines', async () => {
    await writeFile(join(folder, 'faulty.csv'), `mailbox,expectation\n${CCH},allowed\nnobody,denied\n`);
    const { code, stderr } = await mailscope([], { MAILBOXES_FILE: 'faulty.csv' });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^MAILBOXES_FILE: line 2 declares .*\nMAILBOXES_FILE: line 3 names "nobody"/);
  });
});

describe('an answer of Graph', () => {
  it.each([
    ['raw text for this mailbox once', { mailboxes: { [CCH]: { status: 503, body: 'raw', times: 3 } } }],
    ['raw text in every batch', { batch: 'raw' }],
    ['a page in the place of every batch', { batch: 'html' }],
  ])('that is %s does not hide a single mailbox', async (_, faults) => {
    await tenant.put('faults', faults);
    const { code, stdout } = await mailscope(['--mailbox', CCH, '--expect', 'denied', '--control', SUPPORT, '--json']);
    const [asked] = (JSON.parse(stdout) as AskReport).mailboxes;
    expect({ code, asked }).toMatchObject({ code: 0, asked: { mailbox: CCH, outcome: 'refused', controlHeld: true } });
  });

  it('of a tenant without Exchange Online is explained', async () => {
    const fault = { status: 401, code: 'OrganizationFromTenantGuidNotFound' };
    await tenant.put('faults', { mailboxes: { [SUPPORT]: fault, [CCH]: fault } });
    const { code, stdout } = await mailscope([]);
    expect(code).toBe(2);
    expect(stdout).toContain('not provable: the tenant has no Exchange Online, or it is the wrong tenant');
  });

  it('that is a code of 70,000 characters stays a short one', async () => {
    await tenant.put('faults', { mailboxes: { [CCH]: { status: 404, code: 'x'.repeat(70_000) } } });
    const { stdout } = await mailscope([]);
    expect(stdout.length).toBeLessThan(2_000);
  });
});

describe('settings', () => {
  it('of storage are not used', async () => {
    const storage = { AzureWebJobsStorage: 'hunter2', AzureWebJobsStorage__accountName: 'My Account' };
    expect(await mailscope([], storage)).toMatchObject({ code: 0, stderr: '' });
  });

  it('come from local.settings.json of the current folder, under the environment', async () => {
    const { GRAPH_ENDPOINT, IDENTITY_ENDPOINT, IDENTITY_HEADER } = settings;
    const Values = {
      GRAPH_ENDPOINT,
      IDENTITY_ENDPOINT,
      IDENTITY_HEADER,
      ALLOWED_MAILBOXES: SUPPORT,
      DENIED_MAILBOXES: 'x',
    };
    const home = join(folder, 'home');
    await mkdir(home);
    await writeFile(join(home, 'local.settings.json'), JSON.stringify({ Values }));
    const env = { PATH: settings.PATH, DENIED_MAILBOXES: CCH };
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js')], { cwd: home, env });
    expect(await text(child.stdout)).toContain('2 as declared.');

    await writeFile(join(home, 'local.settings.json'), 'ALLOWED_MAILBOXES=x');
    const broken = spawn(process.execPath, [join(ROOT, 'dist/cli.js')], { cwd: home, env });
    expect(await text(broken.stderr)).toContain('local.settings.json cannot be read as JSON: ');
    await until(() => expect(broken.exitCode).toBe(3));
    for (const args of [['--help'], ['doctor', '-h']]) {
      const help = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), ...args], { cwd: home, env });
      expect(await text(help.stdout)).toContain('Usage: mailscope');
      await until(() => expect(help.exitCode).toBe(0));
    }
  });

  it('of the example work for npm run ask', async () => {
    const npm = start(['ask', '--json'], { npm_lifecycle_event: '' }, join(ROOT, 'scripts/run.mjs'));
    const { code, stdout } = await npm.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdicts: { compliant: 2 } });
  });
});

describe('several scopes', () => {
  const HR = 'hr@contoso.example';
  const GONE = 'gone@contoso.example';
  const scopes = (more: Record<string, string> = {}, names = 'default, crm') => ({
    SCOPES: names,
    crm__ALLOWED_MAILBOXES: SUPPORT,
    crm__DENIED_MAILBOXES: HR,
    ...more,
  });
  const BAD = { crm__GRAPH_IDENTITY: 'me' };
  const BAD_SAYS = 'crm: crm__GRAPH_IDENTITY is "me". Use one of ';
  const BREACH = { crm__DENIED_MAILBOXES: 'ceo@contoso.example' };
  const makeBreach = () => tenant.put('policy', { ...POLICY, members: [SUPPORT, 'ceo@contoso.example'] });

  it('have a table each, under their names', async () => {
    const { code, stdout, stderr } = await mailscope([], scopes());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/)[0]);
    const end = ['', '2 as declared.', ''];
    expect(lines).toEqual([
      ...['Scope default', 'mailbox', CCH, SUPPORT, ...end],
      ...['Scope crm', 'mailbox', HR, SUPPORT, ...end],
    ]);
  });

  it('as JSON are a list, in the order of SCOPES', async () => {
    const { code, stdout } = await mailscope(['--json'], scopes(BAD, 'crm, default'));
    expect(code).toBe(3);
    const { scopes: entries } = JSON.parse(stdout);
    const faults = [expect.stringMatching(/^crm__GRAPH_IDENTITY is "me"/)];
    expect(entries).toMatchObject([
      { scope: 'crm', code: 'configuration-invalid', faults },
      { scope: 'default', noToken: null, verdicts: { compliant: 2 }, mailboxes: [{ mailbox: CCH }, {}] },
    ]);
  });

  it('are test suites in JUnit XML, also one that is not asked', async () => {
    const file = join(folder, 'scopes.xml');
    const more = { hr__ALLOWED_MAILBOXES: SUPPORT, hr__LOCKOUT_AFTER_RUNS: '0' };
    await makeBreach();
    await mailscope(['--junit', file], scopes({ ...BREACH, ...more }, 'default crm hr'));
    const xml = await readFile(file, 'utf8');
    expect(XMLValidator.validate(xml)).toBe(true);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(xml);
    expect(testsuites).toMatchObject({ tests: '5', failures: '1', errors: '1' });
    const [first, crm, hr] = testsuites.testsuite;
    expect(first).toMatchObject({ name: 'mailscope.default', tests: '2', failures: '0', errors: '0' });
    expect(crm).toMatchObject({ name: 'mailscope.crm', tests: '2', failures: '1', errors: '0' });
    expect(crm.testcase[0]).toMatchObject({ classname: 'mailscope.crm.denied', failure: { type: 'breach' } });
    const error = { type: 'configuration-invalid', message: 'not asked: its settings are wrong' };
    expect(hr).toMatchObject({ name: 'mailscope.hr', tests: '1', errors: '1', testcase: { error } });
    expect(hr.testcase.error['#text']).toContain('hr__LOCKOUT_AFTER_RUNS is 0.');
  });

  it.each([
    ['1 for a breach in one of them', 1, BREACH],
    ['1 for a breach, whatever the settings of another', 1, { ...BREACH, default__LOCKOUT_AFTER_RUNS: '0' }],
    ['3 for bad settings of one of them', 3, BAD],
    ['3 for bad settings, although another has no proof', 3, { ...BAD, DENIED_MAILBOXES: GONE }],
    ['2 when one of them has no proof', 2, { crm__DENIED_MAILBOXES: GONE }],
    ['3 for a setting of a scope that nobody listed', 3, { hr__ALLOWED_MAILBOXES: SUPPORT }],
  ])('give %s', async (_, code, more) => {
    await makeBreach();
    const ended = await mailscope([], scopes(more));
    expect(ended.code).toBe(code);
    expect(ended.stdout).toMatch(/^Scope default\n[\s\S]*^Scope crm\n/m);
  });

  it('are asked although one has bad settings, which are named as they are written', async () => {
    const { stdout, stderr } = await mailscope([], scopes(BAD));
    expect(stderr.split('\n')).toEqual([expect.stringContaining(BAD_SAYS), '']);
    expect(stdout).toContain('\n2 as declared.\n\nScope crm\nNot asked: its settings are wrong.\n');
  });

  it('are asked although the list of one has faults', async () => {
    await writeFile(join(folder, 'crm.csv'), `mailbox,expectation\n${CCH},both\n`);
    const { code, stdout, stderr } = await mailscope([], scopes({ crm__MAILBOXES_FILE: 'crm.csv' }));
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/^crm: .*line 2 /) });
    expect(stdout).toContain('2 as declared.');
  });

  it('may be fifty, and those with the same identity share a token', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const before = (await tenant.state()).requests.byKind.token ?? 0;
    const { code, stdout } = await mailscope(['--json'], { SCOPES: names.join() });
    expect(code).toBe(0);
    const { scopes: entries } = JSON.parse(stdout) as { readonly scopes: readonly { readonly scope: string }[] };
    expect(entries.map(({ scope }) => scope)).toEqual(names);
    expect((await tenant.state()).requests.byKind.token).toBe(before + 1);
  });

  it('say once what is wrong in all of them', async () => {
    const { code, stdout, stderr } = await mailscope([], scopes({ SHARD_SIZE: '0' }));
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/^SHARD_SIZE is 0\..*\n$/) });
    expect(stdout.match(/Not asked/g)).toHaveLength(2);
  });

  it('say whose token does not come', async () => {
    const identity = { crm__AZURE_CLIENT_ID: 'nobody', crm__GRAPH_IDENTITY: 'developer' };
    const { code, stdout, stderr } = await mailscope([], { ...scopes(identity), PATH: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^crm: Graph was not asked, because developer gets no token: [^\n]*\n$/);
    expect(stdout).toContain('Scope default\n');
    expect(stdout).toContain('\n\n2 as declared.\n\nScope crm\n');
  });

  it('say what belongs to none of them', async () => {
    const stray = { hr__ALLOWED_MAILBOXES: SUPPORT };
    const stderr =
      'hr__ALLOWED_MAILBOXES belongs to no scope: SCOPES does not list "hr". Add it there, or remove the setting.\n';
    expect(await mailscope([], scopes(stray))).toMatchObject({ code: 3, stderr });
    expect(await mailscope(['--scope', 'crm'], scopes(stray))).toMatchObject({ code: 0, stderr });
  });

  it('give one of them by name, as if it were alone', async () => {
    await makeBreach();
    const ended = await mailscope(['--scope', 'crm'], scopes({ ...BREACH, default__LOCKOUT_AFTER_RUNS: '0' }));
    expect(ended).toMatchObject({ code: 1, stderr: '', stdout: expect.stringMatching(/^mailbox {2,}declared/) });
    expect(rowsOf(ended).map(([mailbox]) => mailbox)).toEqual(['ceo@contoso.example', SUPPORT]);
    const alone = await mailscope(['--scope', 'crm', '--json'], scopes(BAD));
    expect(alone).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining(BAD_SAYS.slice('crm: '.length)),
    });
    expect(JSON.parse((await mailscope(['--scope', 'default', '--json'])).stdout).mailboxes).toHaveLength(2);
  });

  it.each([
    [['--scope', 'hr'], '--scope: there is no scope "hr". Use one of default, crm.'],
    [['--scope', ''], '--scope: there is no scope "". Use one of default, crm.'],
    [single('allowed', SUPPORT), '--mailbox needs --scope with one of default, crm.'],
  ])('refuse %j', async (args, message) => {
    const stderr = `${message}\nUse --help to see the options.\n`;
    expect(await mailscope(args, scopes())).toEqual({ code: 3, stdout: '', stderr });
  });

  it('answer a single question about one of them', async () => {
    const ended = await mailscope([...single('allowed', SUPPORT), '--scope', 'crm'], scopes());
    expect(ended.code).toBe(0);
    expect(rowsOf(ended)).toHaveLength(1);
  });

  it('cannot be told apart in a list that cannot be read', async () => {
    const ended = await mailscope(['--scope', 'crm'], scopes({}, 'default, crm, crm'));
    expect(ended).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/^SCOPES names "crm" twice/) });
  });

  it('are waited for side by side, until all are as declared', async () => {
    await makeBreach();
    const { child, ended } = start(['--wait', '2h'], scopes(BREACH));
    await untilSaid(child, 'not yet: crm: 1 as declared, 1 breach; asking again in 2 s, 2 h left\n');
    await tenant.put('policy', POLICY);
    const { code, stdout } = await ended;
    expect({ code, times: stdout.match(/2 as declared\./g)?.length }).toEqual({ code: 0, times: 2 });
  });
});

describe('the bundle', () => {
  it('needs nothing beside it', async () => {
    const dist = join(folder, 'alone');
    await cp(join(ROOT, 'dist'), dist, { recursive: true });
    await writeFile(join(dist, 'package.json'), '{"type":"module"}');
    expect(await start(['--help'], {}, join(dist, 'cli.js')).ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: mailscope /),
    });
    expect(await start([], {}, join(dist, 'cli.js')).ended).toMatchObject({ code: 0 });
  });
});

describe('--wait', () => {
  it('asks again until the policy is back, and prints a line each time without a terminal', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const { child, ended } = start(['--wait', '2h']);
    await untilSaid(child, 'not yet: 1 as declared, 1 breach; asking again in 2 s, 2 h left\n');
    await tenant.put('policy', POLICY);
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^\d\d:\d\d:\d\d not yet: .*\n$/),
    });
    expect(stdout).toContain('2 as declared.');
  });

  it('ends with the present result when the time is up', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    expect(await mailscope(['--wait', '1s'])).toMatchObject({ code: 1, stdout: expect.stringContaining('1 breach') });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once with %s', async (signal, code) => {
    await tenant.put('policy', { mechanism: 'none' });
    const { child, ended } = start(['--wait', '2h']);
    await untilSaid(child, 'asking again');
    child.kill(signal);
    expect(await ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/\nStopped\.\n$/) });
  });

  it('overwrites one line on a terminal, and moves with the clock', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER']) vi.stubEnv(name, settings[name]);
    const pauses: number[] = [];
    let passedMs = 0;
    const clock: Pick<Services, 'now' | 'sleep'> = {
      now: () => new Date(Date.parse('2026-11-23T08:00:00Z') + passedMs),
      async sleep(ms) {
        pauses.push(ms);
        passedMs += ms;
        if (pauses.length === 3) await tenant.put('policy', POLICY);
      },
    };
    const make = (environment: NodeJS.ProcessEnv, adapt?: Adapt) =>
      asScopes({ ...createScopes(environment, () => undefined, adapt).all[0], ...clock });
    const [out, err] = [terminal(), terminal()];
    expect(await askCommand(['--wait', '2h'], settings, createScreen(out, err), make)).toBe(0);
    expect(pauses).toEqual([2_000, 4_000, 8_000]);
    expect(err.written()).not.toContain('\n');
    const lines = err.written().split('\r\x1b[2K');
    expect(lines).toContain('08:00:06 not yet: 1 as declared, 1 breach; asking again in 8 s, 2 h left');
    expect(lines.at(-1)).toBe('');
    expect(out.written()).toContain('2 as declared.');
  });

  it.each([
    [20, 19],
    [0, 79],
  ])('never wraps its line on a terminal of %i columns', (columns, most) => {
    const err = terminal(columns);
    createScreen(terminal(), err).progress('x'.repeat(100));
    expect(err.written()).toBe(`\r\x1b[2K${'x'.repeat(most)}`);
  });
});

function terminal(columns = 200): Output & { written(): string } {
  let all = '';
  return {
    isTTY: true,
    columns,
    write(part, done) {
      all += part;
      done?.();
    },
    written: () => all,
  };
}
