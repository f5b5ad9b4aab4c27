// The page in a real browser, over the running app. Whatever it must never do is noted: errors, policies, other hosts.
import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { NO_CHROMIUM, startChromium } from '../../scripts/shared/chromium.ts';
import { PATIENCE_MS } from './patience.ts';

export interface OpenedPage {
  readonly page: Page;
  /** What must not happen: messages on the console, errors, what a policy refused, requests to other hosts. */
  readonly faults: string[];
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** The app's address, without a path. */
  readonly url: string;
  /** Such as `#/drift`. */
  readonly fragment?: string;
  /** Called before the page is loaded, to answer in place of the app. */
  readonly before?: (page: Page) => Promise<unknown>;
}

export { NO_CHROMIUM, startChromium };

if (NO_CHROMIUM !== null) console.warn(`The tests of the page are skipped. ${NO_CHROMIUM}`);

/** Opens the page. Its clock goes on by itself, and can be moved on. */
export async function openPage(
  browser: Browser,
  { url, fragment = '', before, ...options }: OpenOptions,
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = watchFaults(page, url);
  await page.clock.install();
  await before?.(page);
  await page.goto(`${url}/api/dashboard${fragment}`);
  return { page, faults, close: () => context.close() };
}

function watchFaults(page: Page, url: string): string[] {
  const faults: string[] = [];
  // A browser reports what a policy refuses on the console too.
  page.on('console', (message) => faults.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !/^(data|blob):/.test(asked)) faults.push(`request to ${asked}`);
  });
  return faults;
}

/** What the headline says. */
export function headlineOf(page: Page): Promise<string | null> {
  return page.locator('#headline').textContent();
}

/** Waits until the headline says it. */
export async function untilHeadline(page: Page, text: string | RegExp): Promise<void> {
  await page.locator('#headline', { hasText: text }).waitFor();
}

/** What the accessibility checker finds wrong, in light and in dark. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // Evaluated by the tool, so the page's own policy does not count.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
    const nodes = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
    found.push(...nodes.map((one) => `${colorScheme} ${one}`));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}

/** How far the page is wider than its window, in pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Tells of the faults that are there, and forgets them. */
export function expectNoFaults(opened: OpenedPage): void {
  expect(opened.faults.splice(0)).toEqual([]);
}

export function clipboardOf(page: Page): Promise<string> {
  return page.evaluate<string>('navigator.clipboard.readText()');
}

/** The id of what has the focus. */
export function focusOf(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.id');
}
