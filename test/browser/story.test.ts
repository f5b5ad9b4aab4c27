// The page over the running app and the sandbox: a breach and its end, holes, blindness, and every view.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../support/localApp.ts';
import {
  accessibilityFaults,
  clipboardOf,
  expectNoFaults,
  focusOf,
  NO_CHROMIUM,
  type OpenedPage,
  openPage,
  overflowOf,
  startChromium,
  untilHeadline,
} from '../support/openedPage.ts';
import { pastRuns } from '../support/seededRuns.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

const CCH = 'cch@contoso.example';
const NEVER = '0 0 0 1 1 *';
const BEAT_MS = 15_000;
const VIEWS = ['#/', '#/mailboxes', '#/mailboxes?verdict=breach', `#/mailboxes/${CCH}`, '#/drift', '#/runs'];

describe.skipIf(NO_CHROMIUM !== null)('the page', () => {
  let world: World;
  let browser: Browser;
  let app: App;
  let opened: OpenedPage;

  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), startChromium()]);
    const settings = world.settings({
      ALLOWED_MAILBOXES: 'support@contoso.example',
      DENIED_MAILBOXES: `${CCH} hr@contoso.example`,
    });
    const past = pastRuns(settings, 8);
    for (let index = 0; index < 4; index += 1) await past.run();
    past.miss(3);
    await past.run();
    app = await startApp({ ...settings, PATH: process.env.PATH, POLL_SCHEDULE: NEVER, ...sandboxIdentity(world) });
    opened = await openPage(browser, { url: app.host.url, permissions: ['clipboard-read', 'clipboard-write'] });
  });

  afterAll(async () => {
    await browser?.close();
    await app?.host.close();
    await world?.close();
  });

  const policy = (mechanism: string, members: readonly string[] = ['support@contoso.example']) =>
    world.tenant.put('policy', { mechanism, members });

  it('says that all is proven, and when it was', async () => {
    const { page } = opened;
    await untilHeadline(page, 'All 2 mailboxes that must not be read are refused.');
    await page.locator('.proof', { hasText: /^Last proven .+ ago \(.+ UTC\)/ }).waitFor();
    expect(await page.title()).toBe('All refused – Mailscope');
    expectNoFaults(opened);
  });

  it('shows holes as holes', async () => {
    const bar = opened.page.getByRole('slider', { name: CCH });
    expect(await bar.getAttribute('aria-label')).toBe(`Last runs of ${CCH}. 8 runs: 5 refused, 3 holes.`);
    await bar.focus();
    for (let index = 0; index < 2; index += 1) await bar.press('ArrowLeft');
    expect(await bar.getAttribute('aria-valuetext')).toBe('hole: no run reached it');
    await bar.blur();
  });

  it('shows a breach and its end without a reload, with the evidence', async () => {
    const { page } = opened;
    const icon = () => page.locator('#icon').getAttribute('href');
    const before = await icon();
    await policy('none');
    await page.getByRole('button', { name: 'Run now' }).click();
    await untilHeadline(page, '2 mailboxes that must not be read can be read.');
    await page.locator('.run-now p', { hasText: /Run 6 is complete: 3 of 3 mailboxes; 2 drift opened/ }).waitFor();
    expect(await page.title()).toBe('2 breach – Mailscope');
    expect(await icon()).not.toBe(before);

    const drift = page.locator('.drift', { hasText: CCH });
    const { value } = (await app.get(`drift?open=true&mailbox=${CCH}`)).body as {
      readonly value: {
        readonly probableCause: string;
        readonly evidence: { readonly opened: { readonly requestId: string } };
      }[];
    };
    await drift.getByText(value[0]?.probableCause ?? '').waitFor();
    await drift.getByRole('button', { name: `Copy the request id about ${CCH}` }).click();
    await drift.getByText('Copied').first().waitFor();
    expect(await clipboardOf(page)).toBe(value[0]?.evidence.opened.requestId);
    expectNoFaults(opened);
  });

  it.each(VIEWS)(
    'has nothing wrong for assistive technology at %s, fits 320 pixels, and keeps to its policy',
    async (view) => {
      const { page } = opened;
      await page.goto(`${app.host.url}/api/dashboard${view}`);
      await page.locator('table, .drift').first().waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await overflowOf(page)).toBe(0);
      await page.setViewportSize({ width: 1280, height: 800 });
      expectNoFaults(opened);
    },
  );

  it('shows a run by its link, and that a view does not exist', async () => {
    const { page } = opened;
    await page.goto(`${app.host.url}/api/dashboard#/runs`);
    await page.getByRole('link', { name: '6', exact: true }).click();
    await page.getByRole('heading', { name: 'Run 6' }).waitFor();
    expect(await page.evaluate<string>('location.hash')).toMatch(/^#\/runs\/\d{8}T\d{6}Z-6$/);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(`${app.host.url}/api/dashboard#/nowhere`);
    await page.getByText('This page has no such view.').waitFor();
    expectNoFaults(opened);
  });

  it('can be used by keyboard alone, from the headline to the request id of a cell', async () => {
    const { page } = opened;
    await page.goto(`${app.host.url}/api/dashboard#/`);
    const bar = page.getByRole('slider', { name: CCH });
    await bar.waitFor();
    await page.locator('#headline').focus();
    const isThere = async () => (await focusOf(page)) === `bar-${CCH}`;
    let stops = 0;
    for (; stops < 40 && !(await isThere()); stops += 1) await page.keyboard.press('Tab');
    // One stop for each thing that can be used: the run, two drifts with link and button, the search, a link and a bar.
    expect(stops).toBeLessThan(12);
    await page.keyboard.press('ArrowLeft');
    const { value } = (await app.get(`mailboxes/${CCH}/history`)).body as {
      readonly value: { readonly requestId: string }[];
    };
    const shown = page.locator('.bar-words code');
    await shown.filter({ hasText: value[1]?.requestId ?? 'none' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Copied.').waitFor();
    expect(await clipboardOf(page)).toBe(value[1]?.requestId);
    await page.keyboard.press('Escape');
    expect(await page.locator('.bar-words').count()).toBe(0);
    expect(await isThere()).toBe(true);
  });

  it('saves the observations of a mailbox as a file, without the key in an address', async () => {
    const { page } = opened;
    await page.goto(`${app.host.url}/api/dashboard#/mailboxes/${CCH}`);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe(`${CCH}.csv`);
    await page.getByText('Saved.').waitFor();
    expectNoFaults(opened);
  });

  it('shows the observations of a time, and the button that chose it keeps the focus', async () => {
    const { page } = opened;
    await page.getByRole('button', { name: 'Last day' }).click();
    await until(async () => expect(await page.locator('#from').inputValue()).toMatch(/ UTC$/));
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Last day');
    await page.locator('#from').fill('2026-11-23');
    await page.locator('#to').fill('2026-11-22 08:15 +02:00');
    await page.keyboard.press('Enter');
    await page.getByText('From must be earlier than to.').waitFor();
    await page.locator('#from').fill('2026-11-21 +02:00');
    await page.keyboard.press('Enter');
    await page.getByText('There is no observation in this time.').waitFor();
    expect(await page.locator('#to').inputValue()).toBe('2026-11-22 06:15:00 UTC');
    await page.goBack();
    await page.locator('table.history').waitFor();
    expectNoFaults(opened);
  });

  it('shows the end of a breach by itself, at its next beat', async () => {
    const { page } = opened;
    await page.goto(`${app.host.url}/api/dashboard#/drift`);
    await untilHeadline(page, '2 mailboxes that must not be read can be read.');
    await policy('application-access-policy');
    await runToItsEnd(app);
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'All 2 mailboxes that must not be read are refused.');
    await page.locator('.drift', { hasText: 'closed' }).first().waitFor();
    expect(await page.locator('.drift', { hasText: 'Closed by: refused, 403 ErrorAccessDenied' }).count()).toBe(2);
    expectNoFaults(opened);
  });

  it('says that the monitor is blind', async () => {
    const { page } = opened;
    await world.tenant.put('faults', { mailboxes: { 'support@contoso.example': { status: 503 } } });
    await runToItsEnd(app);
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'The monitor is blind');
    expect(await page.title()).toBe('Blind – Mailscope');
    await world.tenant.put('faults', {});
    // The first look at the health of an unhealthy app is a 503, which the browser notes. There is no second look.
    const noted = () => opened.faults.splice(0).filter((fault) => !fault.includes('status of 503'));
    expect(noted()).toEqual([]);
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'The monitor is blind');
    expectNoFaults(opened);
  });

  it('says by its own clock that what it shows is old, when the functions are stopped', async () => {
    const { page } = opened;
    await page.goto(`${app.host.url}/api/dashboard#/`);
    await page.locator('table').waitFor();
    await app.host.close();
    await page.clock.runFor(BEAT_MS);
    await untilHeadline(page, 'Mailscope does not answer. What you see is');
    expect(await page.title()).toBe('No answer – Mailscope');
    expect(await page.locator('.table-box.old').count()).toBe(1);
    await page.clock.runFor(10 * 60_000);
    await untilHeadline(page, /What you see is 1\d min old/);
    expect(await page.getByText(CCH).first().isVisible()).toBe(true);
  });
});

/** The sandbox as the identity of a real process. */
function sandboxIdentity({ tenant }: World): Record<string, string> {
  return { IDENTITY_ENDPOINT: `${tenant.sandbox.url}/msi/token`, IDENTITY_HEADER: 'sandbox' };
}

async function runToItsEnd(app: App): Promise<void> {
  const response = await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
  const { id } = (await response.json()) as { readonly id: string };
  await expect.poll(async () => (await app.get(`runs/${id}`)).body.status, { timeout: 60_000 }).toBe('completed');
}
