// Measures the page: its weight, the time to the first answer on the screen, and the scripting of a refresh.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { type LocalHost, startLocalHost } from '../localHost/host.ts';
import { startChromium } from '../scripts/shared/chromium.ts';
import { freePorts } from '../scripts/shared/ports.ts';
import { callApi } from '../scripts/stack/callApi.ts';
import { startStorage } from '../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../scripts/stack/localSettings.ts';
import { median, report } from './support/report.ts';
import { startWorkload } from './support/workload.ts';

const SLOWED = 6;
const ROWS = 100;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Notes when the headline first shows an answer, as the browser has drawn it. */
const WATCH = `
  const look = () => {
    const text = document.getElementById('headline')?.textContent ?? '';
    if (text === '' || text.startsWith('Asking')) requestAnimationFrame(look);
    else requestAnimationFrame(() => (globalThis.answeredMs = performance.now()));
  };
  requestAnimationFrame(look);
`;

/** What the last row shows: it changes with each refresh. */
const LAST_DRAWN = "document.querySelector('tbody tr:last-child .cell-bad').getAttribute('d')";

const { values } = parseArgs({
  options: { mailboxes: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '9' } },
});
const rounds = Number(values.rounds);

const workload = await startWorkload(Number(values.mailboxes));
await workload.put('faults', {});
const port = await freePorts(3);
const storage = await startStorage({ port, log: console.error });
const env = {
  PATH: process.env.PATH,
  ...workload.settings,
  POLL_CONCURRENCY: '64',
  PROPAGATION_MINUTES: '0',
  AzureWebJobsStorage: emulatorConnection(port),
};
const host = await startLocalHost({ root, port: 0, env, withKeys: false, log: () => undefined });
const browser = await startChromium();
try {
  await runToItsEnd(host);
  const api = await apiAnswers(host);
  const quick = await firstAnswers(browser, 1);
  const slow = await firstAnswers(browser, SLOWED);
  const refresh = await refreshes(browser);
  const weight = await weightOf(join(root, 'dist/dashboard'));
  report(
    'page',
    [
      { what: 'the API alone: GET scopes', samples: api },
      { what: 'to the headline', samples: quick },
      { what: `to the headline, processor ${SLOWED} times as slow`, samples: slow },
      { what: `scripts of a refresh of ${ROWS} rows, processor`, samples: refresh },
    ],
    {
      kilobytes: weight / 1_000,
      apiMs: median(api),
      headlineMs: median(quick),
      slowMs: median(slow),
      refreshMs: median(refresh),
    },
  );
} finally {
  await browser.close();
  await Promise.all([host.close(), storage.stop(), workload.close()]);
}

async function runToItsEnd(app: LocalHost): Promise<void> {
  const { body } = await callApi(app, 'runs', 'POST');
  while ((await callApi(app, `runs/${body.id}`)).body.status === 'running') await wait(1_000);
}

/** What the headline waits for, in ms. */
async function apiAnswers(app: LocalHost): Promise<number[]> {
  const samples: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const start = performance.now();
    await callApi(app, 'scopes');
    if (round >= 0) samples.push(performance.now() - start);
  }
  return samples;
}

/** All files, as most browsers get them. */
async function weightOf(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.br'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** From the start of the navigation, with an empty cache each time; in ms. */
async function firstAnswers(from: Browser, slowed: number): Promise<number[]> {
  const samples: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const context = await from.newContext();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowed });
    await page.addInitScript(WATCH);
    await page.goto(`${host.url}/api/dashboard`);
    await page.locator('.headline:not(.level-loading)').waitFor();
    while (await page.evaluate<boolean>('globalThis.answeredMs === undefined')) await wait(20);
    if (round >= 0) samples.push(await page.evaluate<number>('globalThis.answeredMs'));
    await context.close();
  }
  return samples;
}

/** The processor time that scripts need for a refresh in which every row has changed, in ms. */
async function refreshes(from: Browser): Promise<number[]> {
  const page = await from.newPage();
  let beats = 0;
  await page.route('**/api/mailboxes?*', async (route) => {
    const address = new URL(route.request().url());
    address.searchParams.set('top', String(ROWS));
    const response = await route.fetch({ url: address.href });
    const body = (await response.json()) as { readonly value: object[] };
    beats += 1;
    const recent = `${'x'.repeat(40)}${beats % 2 === 0 ? 'o?.xxxx' : 'xxxx.?o'}`;
    const provenAt = new Date(Date.now() - beats * 60_000).toISOString();
    await route.fulfill({ json: { ...body, value: body.value.map((row) => ({ ...row, recent, provenAt })) } });
  });
  const session = await page.context().newCDPSession(page);
  // Time of the processor, not of the clock: other processes do not count.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${host.url}/api/dashboard#/mailboxes?verdict=compliant`);
  await page
    .locator('tbody tr')
    .nth(ROWS - 1)
    .waitFor();
  const samples: number[] = [];
  for (let round = -2; round < rounds; round += 1) {
    const drawn = await page.evaluate<string>(LAST_DRAWN);
    const ms = await scriptingOf(page, session, async () => {
      const before = beats;
      // By script and not by a locator, because the tool's own search would count as scripting.
      for (const _ of ['Pause', 'Go on']) await page.evaluate("document.getElementById('pause').click()");
      while (beats === before) await wait(5);
      while ((await page.evaluate<string>(LAST_DRAWN)) === drawn) await wait(50);
    });
    if (round >= 0) samples.push(ms);
  }
  await page.close();
  return samples;
}

type Session = Awaited<ReturnType<ReturnType<Page['context']>['newCDPSession']>>;

async function scriptingOf(page: Page, session: Session, act: () => Promise<void>): Promise<number> {
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? Number.NaN) * 1_000;
  };
  await page.evaluate('0');
  const before = await read();
  await act();
  return (await read()) - before;
}
