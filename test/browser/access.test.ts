// The page and whoever stands before it: keys, sign-in, several scopes, an API that is slow or fails, and a large tenant.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type App, startApp } from '../support/localApp.ts';
import {
  accessibilityFaults,
  expectNoFaults,
  focusOf,
  NO_CHROMIUM,
  type OpenedPage,
  type OpenOptions,
  openPage,
  overflowOf,
  startChromium,
  untilHeadline,
} from '../support/openedPage.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

const CCH = 'cch@contoso.example';
const BEAT_MS = 15_000;
const MANY = 10_000;

describe.skipIf(NO_CHROMIUM !== null)('the page', () => {
  let world: World;
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailscope-page-'));
    [world, browser] = await Promise.all([startWorld(), startChromium()]);
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
    await rm(folder, { recursive: true });
  });

  /** A new app with its own storage account, which has no run yet. */
  async function start(more: Record<string, string> = {}, withKeys = false): Promise<App> {
    const { sandbox } = world.tenant;
    const identity = { IDENTITY_ENDPOINT: `${sandbox.url}/msi/token`, IDENTITY_HEADER: 'sandbox' };
    const settings = world.settings({ POLL_SCHEDULE: '0 0 0 1 1 *', ...more });
    const app = await startApp({ ...settings, ...identity, PATH: process.env.PATH }, withKeys);
    onTestFinished(() => app.host.close());
    return app;
  }

  async function open(options: OpenOptions): Promise<OpenedPage> {
    const opened = await openPage(browser, options);
    onTestFinished(() => opened.close());
    return opened;
  }

  it('asks for the key once, says that one is wrong, and keeps it out of every address', async () => {
    const app = await start({}, true);
    const { page } = await open({ url: app.host.url });
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    const field = page.getByLabel('Function key');
    await field.waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await field.fill('a wrong one');
    await page.keyboard.press('Enter');
    await page.getByText('The app refused this key.').waitFor();
    const key = app.host.keys?.host ?? '';
    await field.fill(key);
    await page.keyboard.press('Enter');
    await untilHeadline(page, 'Nothing is proven yet');
    await page.reload();
    await untilHeadline(page, 'Nothing is proven yet');
    expect(addresses.filter((address) => address.includes(encodeURIComponent(key)))).toEqual([]);
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])',
    );
    expect(JSON.parse(kept)).toEqual([{ 'mailscope.key': key }, {}, '']);
  });

  it('asks again when the key was changed, and its window no longer says that all is fine', async () => {
    const app = await start({}, true);
    const { page } = await open({ url: app.host.url });
    const field = page.getByLabel('Function key');
    await field.fill(app.host.keys?.host ?? '');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Run now' }).click();
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
    const icon = () => page.locator('#icon').getAttribute('href');
    const fine = await icon();
    await page.route(/\/api\/scopes/, (route) => route.fulfill({ status: 401 }));
    await page.clock.runFor(BEAT_MS);
    await page.getByText('The app refused this key.').waitFor();
    expect(await page.title()).toBe('Key – Mailscope');
    expect(await icon()).not.toBe(fine);
  });

  it('works in a browser that blocks its storage, and says what that means', async () => {
    const app = await start({}, true);
    const { page } = await open({
      url: app.host.url,
      before: (one) =>
        one.addInitScript(
          "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('blocked', 'SecurityError'); } })",
        ),
    });
    await page.getByText('because this browser blocks its storage').waitFor();
    await page.getByLabel('Function key').fill(app.host.keys?.host ?? '');
    await page.keyboard.press('Enter');
    await untilHeadline(page, 'Nothing is proven yet');
    await page.getByRole('button', { name: 'Show local time' }).click();
    await page.getByRole('button', { name: 'Show UTC' }).waitFor();
  });

  it('goes to the sign-in where callers sign in, and comes back to the view it was at', async () => {
    const app = await start({ API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: 'True' });
    const claims = { auth_typ: 'aad', role_typ: 'roles', claims: [{ typ: 'roles', val: 'Mailscope.Read' }] };
    let isSignedIn = false;
    const { page } = await open({
      url: app.host.url,
      fragment: '#/drift?open=true',
      async before(one) {
        // The platform's part: it signs in, and then says with each request who calls.
        await one.route('**/.auth/login/aad**', (route) => {
          isSignedIn = true;
          const back = new URL(route.request().url()).searchParams.get('post_login_redirect_uri') ?? '';
          return route.fulfill({ status: 302, headers: { location: back } });
        });
        await one.route(/^[^?]*\/api\//, (route) => {
          const principal = Buffer.from(JSON.stringify(claims)).toString('base64');
          const signedIn = isSignedIn ? { 'x-ms-client-principal': principal } : {};
          return route.continue({ headers: { ...route.request().headers(), ...signedIn } });
        });
      },
    });
    await untilHeadline(page, 'Nothing is proven yet');
    expect(await page.evaluate<string>('location.hash')).toBe('#/drift?open=true');
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByText('You may not start a run. The signed-in account lacks the app role Mailscope.Run.').waitFor();
  });

  it('says of a sign-in that does not help that it did not, and does not go there for ever', async () => {
    const app = await start({ API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: 'True' });
    const visits: string[] = [];
    const { page } = await open({
      url: app.host.url,
      async before(one) {
        await one.route('**/.auth/login/aad**', (route) => {
          visits.push(route.request().url());
          return route.fulfill({ status: 302, headers: { location: '/api/dashboard' } });
        });
      },
    });
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    expect(visits).toHaveLength(1);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('of a new app says that nothing is proven yet, and of bad settings what is wrong', async () => {
    const app = await start();
    const opened = await open({ url: app.host.url });
    await untilHeadline(opened.page, 'Nothing is proven yet: no run has completed.');
    await opened.page.getByText(CCH).waitFor();
    expect(await accessibilityFaults(opened.page)).toEqual([]);
    expectNoFaults(opened);

    const broken = await start({ DENIED_MAILBOXES: 'a/b' });
    const other = await open({ url: broken.host.url });
    await untilHeadline(other.page, 'DENIED_MAILBOXES names "a/b".');
    expect(await other.page.title()).toBe('Not working – Mailscope');
  });

  it('follows a run that is under way already', async () => {
    const app = await start();
    const { page } = await open({ url: app.host.url });
    await page.locator('table').waitFor();
    await world.tenant.put('faults', { latencyMs: 1_500 });
    onTestFinished(async () => void (await world.tenant.put('faults', {})));
    await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
    await page.getByRole('button', { name: 'Run now' }).click();
    await page
      .getByText('A run is already under way. This page follows it.')
      .or(page.getByText('Run 1 is under way'))
      .first()
      .waitFor();
    await page.getByText(/Run 1 is complete: 2 of 2 mailboxes/).waitFor();
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
  });

  it('shows several scopes, the worst first, and one of them as if there were no other', async () => {
    const app = await start({
      SCOPES: 'default crm',
      crm__ALLOWED_MAILBOXES: 'support@contoso.example',
      crm__DENIED_MAILBOXES: "hr@contoso.example o'brien@contoso.example",
    });
    await runToItsEnd(app, 'default');
    const opened = await open({ url: app.host.url });
    const { page } = opened;
    await untilHeadline(page, 'crm: Nothing is proven yet: no run has completed.');
    expect(await page.locator('.scope a').allTextContents()).toEqual(['crm', 'default']);
    expect(await accessibilityFaults(page)).toEqual([]);
    expectNoFaults(opened);
    await runToItsEnd(app, 'crm');
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'In all 2 scopes: all 3 mailboxes that must not be read are refused.');
    await page.getByRole('link', { name: 'crm' }).click();
    await untilHeadline(page, 'All 2 mailboxes that must not be read are refused.');
    expect(await page.getByText(CCH).count()).toBe(0);
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    expect(await page.evaluate<string>('location.hash')).toBe('#/runs?scope=crm');
    await page.getByLabel('Scope').selectOption('default');
    await page.getByRole('link', { name: '1', exact: true }).waitFor();
    expect(await page.evaluate<string>('location.hash')).toBe('#/runs?scope=default');
    await page.goto(`${app.host.url}/api/dashboard#/?scope=hrm`);
    await page.getByRole('heading', { name: 'There is no scope hrm' }).waitFor();
    expectNoFaults(opened);
    // The good news of the scope before is not about this one. A title follows its view, and the clock stands still.
    await page.clock.runFor(1_000);
    expect(await page.title()).toBe('No such scope – Mailscope');
  });

  it('of one scope shows no trace of others', async () => {
    const { page } = await open({ url: (await start()).host.url });
    await page.locator('table').waitFor();
    expect(await page.locator('#scope').count()).toBe(0);
    const addresses = await page.evaluate<string[]>('[...document.links].map(({ href }) => href)');
    expect(addresses.length).toBeGreaterThan(4);
    expect(addresses.filter((address) => address.includes('scope='))).toEqual([]);
  });

  it('keeps the last answers, without their colours, while the API fails, and goes on when it answers again', async () => {
    const app = await start();
    await runToItsEnd(app);
    const opened = await open({ url: app.host.url });
    const { page } = opened;
    await page.locator('table').waitFor();
    const failures = { 500: 'the server says 500', 503: 'the server says 503', 429: 'the server says 429' };
    for (const [status, words] of Object.entries(failures)) {
      await page.route('**/api/scopes*', (route) => route.fulfill({ status: Number(status), body: '' }));
      await page.clock.runFor(BEAT_MS);
      await untilHeadline(page, words);
      await page.unroute('**/api/scopes*');
    }
    expect(await page.getByText(CCH).first().isVisible()).toBe(true);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.route('**/api/mailboxes?*', (route) => route.abort());
    await page.clock.runFor(BEAT_MS);
    await page.locator('.table-box.old').waitFor();
    await page.unroute('**/api/mailboxes?*');
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
    await until(async () => expect(await page.locator('.old').count()).toBe(0));
  });

  it('waits for an API that is slow, and does not ask it twice', async () => {
    const app = await start();
    await runToItsEnd(app);
    let asked = 0;
    const waiting: Route[] = [];
    const { page } = await open({
      url: app.host.url,
      async before(one) {
        await one.route('**/api/scopes*', (route) => {
          asked += 1;
          waiting.push(route);
        });
      },
    });
    await untilHeadline(page, 'Asking Mailscope');
    await page.clock.runFor(BEAT_MS);
    await page.clock.runFor(BEAT_MS / 3);
    expect(asked).toBe(1);
    await waiting[0]?.continue();
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
  });

  it('is right about ages although the clock of the computer is an hour wrong', async () => {
    const app = await start();
    await runToItsEnd(app);
    for (const [hours, words] of [
      [-1, 'is 1 h slow'],
      [1, 'is 1 h fast'],
    ] as const) {
      const { page } = await open({
        url: app.host.url,
        before: (one) => one.clock.setSystemTime(Date.now() + hours * 3_600_000),
      });
      await untilHeadline(page, 'The one mailbox that must not be read is refused.');
      await page.locator('footer', { hasText: words }).waitFor();
      await page.locator('.proof', { hasText: /^Last proven (just now|\d+ s ago) \(\d\d:/ }).waitFor();
    }
  });

  it('asks for what has changed while a slow answer was under way', async () => {
    const app = await start();
    await runToItsEnd(app);
    const { page } = await open({ url: app.host.url });
    await page.locator('tbody tr').first().waitFor();
    const waiting: Route[] = [];
    await page.route('**/api/mailboxes?*', (route) => void waiting.push(route));
    await page.clock.runFor(BEAT_MS);
    await until(() => expect(waiting).toHaveLength(1), 10);
    await page.clock.runFor(BEAT_MS);
    expect(waiting).toHaveLength(1);
    await waiting[0]?.continue();
    await until(() => expect(waiting).toHaveLength(2), 10);
  });

  it('shows nothing of what it does not understand, rather than what is old', async () => {
    const app = await start();
    await runToItsEnd(app);
    const { page } = await open({ url: app.host.url });
    await page.locator('tbody tr').first().waitFor();
    await page.route('**/api/mailboxes?*', (route) => route.fulfill({ json: { value: [{ mailbox: CCH }] } }));
    await page.clock.runFor(BEAT_MS);
    await page.getByRole('heading', { name: 'This page has failed' }).waitFor();
    expect(await page.title()).toBe('Page failed – Mailscope');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('shows mailboxes although the scopes are not answered, and is not green', async () => {
    const app = await start();
    await runToItsEnd(app);
    const { page } = await open({
      url: app.host.url,
      before: (one) => one.route('**/api/scopes*', (route) => route.fulfill({ status: 500, body: '' })),
    });
    await untilHeadline(page, 'the server says 500');
    await page.locator('tbody', { hasText: CCH }).waitFor();
    expect(await page.locator('main.is-old').count()).toBe(1);
  });

  it('does not wait for the end of a run to tell of the breach that it has found', async () => {
    const app = await start();
    await runToItsEnd(app);
    const { page } = await open({ url: app.host.url });
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
    await page.route('**/api/runs?*', async (route) => {
      const { value } = (await (await route.fetch()).json()) as { readonly value: readonly object[] };
      const openedByKind = { breach: 1, lockout: 0, unverified: 0 };
      const cut = { ...value[0], id: '20991231T000000Z-99', number: 99, status: 'incomplete', openedByKind };
      await route.fulfill({ json: { value: [cut, ...value] } });
    });
    const asked = page.waitForRequest(/verdict=breach/);
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, '1 mailbox that must not be read can be read.');
    await page.getByRole('heading', { name: 'Open drift' }).waitFor();
    await asked;
  });

  it('pauses, says so, and shows local time', async () => {
    const app = await start();
    await runToItsEnd(app);
    const { page } = await open({ url: app.host.url, timezoneId: 'Asia/Kolkata' });
    await page.locator('table').waitFor();
    await page.getByRole('button', { name: 'Show local time' }).click();
    await page.locator('.proof', { hasText: '+05:30' }).waitFor();
    await page.reload();
    await page.locator('.proof', { hasText: '+05:30' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.clock.runFor(5 * 60_000);
    await untilHeadline(page, /^This page is paused\. What you see is 5 min old\.$/);
    await page.getByRole('button', { name: 'Go on' }).click();
    await untilHeadline(page, 'The one mailbox that must not be read is refused.');
  });

  describe('with ten thousand mailboxes', () => {
    let app: App;
    let opened: OpenedPage;
    let page: Page;

    beforeAll(async () => {
      const names = Array.from({ length: MANY }, (_, index) => `user${String(index).padStart(5, '0')}@contoso.example`);
      const file = join(folder, 'many.csv');
      const rows = names.map((name) => `${name},denied`);
      await writeFile(file, ['mailbox,expectation', ...rows].join('\n'));
      await world.tenant.post('mailboxes', { mailboxes: names });
      const { sandbox } = world.tenant;
      const identity = { IDENTITY_ENDPOINT: `${sandbox.url}/msi/token`, IDENTITY_HEADER: 'sandbox' };
      const settings = world.settings({ POLL_SCHEDULE: '0 0 0 1 1 *', DENIED_MAILBOXES: '', MAILBOXES_FILE: file });
      app = await startApp({ ...settings, ...identity, PATH: process.env.PATH, SHARD_SIZE: '2500' });
      await runToItsEnd(app);
      opened = await openPage(browser, { url: app.host.url });
      page = opened.page;
    });

    afterAll(async () => {
      await opened?.close();
      await app?.host.close();
    });

    it('never loads all of them, and finds one by the beginning of its name', async () => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${app.host.url}/api/dashboard#/mailboxes`);
      await untilHeadline(page, 'All 10,000 mailboxes that must not be read are refused.');
      await page.locator('tbody tr').nth(49).waitFor();
      expect(await page.locator('tbody tr').count()).toBe(50);
      await page.getByRole('link', { name: /Next page/ }).click();
      await page.getByRole('link', { name: 'First page' }).waitFor();
      await page.getByText('user00049@contoso.example').waitFor();
      expect(await focusOf(page)).toBe('view-title');
      const search = page.getByLabel('Name begins with');
      await search.fill('user0999');
      await page.getByText('user09990@contoso.example').waitFor();
      await until(async () => expect(await page.locator('tbody tr').count()).toBe(10));
      expect(await focusOf(page)).toBe('search');
      const tops = asked.flatMap((address) => new URL(address).searchParams.get('top') ?? []).map(Number);
      expect(Math.max(...tops)).toBeLessThanOrEqual(100);
    });

    it('keeps focus and scroll over twenty beats while the data changes', async () => {
      let beats = 0;
      await page.route('**/api/mailboxes?*', async (route) => {
        const response = await route.fetch();
        const body = (await response.json()) as {
          readonly value: { readonly recent: string; readonly provenAt: string }[];
        };
        beats += 1;
        const letters = 'xxxxxo?.'.repeat(6);
        const value = body.value.map((row, index) => ({
          ...row,
          recent: letters.slice(beats % 8, 40 + (index % 8)),
          provenAt: new Date(Date.parse(row.provenAt) + beats).toISOString(),
          verdict: (index + beats) % 9 === 0 ? 'pending' : 'compliant',
        }));
        await route.fulfill({ json: { ...body, value } });
      });
      await page.goto(`${app.host.url}/api/dashboard#/mailboxes?verdict=compliant`);
      const bar = page.locator('[id="bar-user00020@contoso.example"]');
      await bar.waitFor();
      await bar.scrollIntoViewIfNeeded();
      await page.evaluate('scrollTo(0, 500)');
      await bar.focus();
      const scroll = await page.evaluate<number>('scrollY');
      for (let beat = 0; beat < 20; beat += 1) {
        const before = beats;
        await page.clock.runFor(BEAT_MS);
        await until(() => expect(beats).toBeGreaterThan(before), 10);
        await page.locator('tbody tr').nth(49).waitFor();
        expect(await focusOf(page)).toBe('bar-user00020@contoso.example');
        expect(await page.evaluate<number>('scrollY')).toBe(scroll);
      }
      expect(await overflowOf(page)).toBe(0);
      expectNoFaults(opened);
    });
  });
});

async function runToItsEnd(app: App, scope?: string): Promise<void> {
  const query = scope === undefined ? '' : `?scope=${scope}`;
  const response = await fetch(`${app.host.url}/api/runs${query}`, { method: 'POST' });
  const { id } = (await response.json()) as { readonly id: string };
  await until(async () => expect((await app.get(`runs/${id}${query}`)).body.status).toBe('completed'));
}
