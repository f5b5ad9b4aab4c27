// `npm run screenshots`: makes the pictures of the page in the README and the docs, over the sandbox and a past of twelve hours.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { type LocalHost, startLocalHost } from '../localHost/host.ts';
import { startSandbox } from '../sandbox/server.ts';
import { poll } from '../src/runs/poll.ts';
import { createServices, type Services } from '../src/services.ts';
import { buildBundle } from './shared/buildBundle.ts';
import { NO_CHROMIUM, startChromium } from './shared/chromium.ts';
import { takeNoOptions } from './shared/noOptions.ts';
import { freePorts } from './shared/ports.ts';
import { startStorage } from './stack/emulatorAndSandbox.ts';
import { emulatorConnection } from './stack/localSettings.ts';

const QUARTER_MS = 15 * 60_000;
const RUNS = 52;
const NAMES = ['ceo', 'cfo', 'board', 'legal', 'payroll', 'cch', 'works-council', 'security'];

interface Picture {
  readonly file: string;
  readonly fragment: string;
  readonly width: number;
  readonly height: number;
  readonly scheme?: 'light' | 'dark';
  /** What gets the focus. */
  readonly focus?: string;
}

const PROVEN: readonly Picture[] = [
  { file: 'dashboard-proven.png', fragment: '#/', width: 1080, height: 760 },
  { file: 'dashboard-narrow.png', fragment: '#/', width: 320, height: 640, scheme: 'dark' },
];
const BREACH: readonly Picture[] = [
  { file: 'dashboard-breach.png', fragment: '#/', width: 1080, height: 700, focus: 'bar-cfo@contoso.example' },
  { file: 'dashboard-mailbox.png', fragment: '#/mailboxes/cfo@contoso.example', width: 1080, height: 760 },
  { file: 'dashboard-runs.png', fragment: '#/runs', width: 1080, height: 520, scheme: 'dark' },
];

takeNoOptions();
if (NO_CHROMIUM === null) await takePictures();
else {
  console.error(NO_CHROMIUM);
  process.exitCode = 1;
}

async function takePictures(): Promise<void> {
  await buildBundle();
  const root = fileURLToPath(new URL('..', import.meta.url));
  const folder = join(root, 'docs/images');
  mkdirSync(folder, { recursive: true });
  const port = await freePorts(3);
  const [sandbox, storage] = await Promise.all([
    startSandbox({ port: 0, webhookSecret: 'whsec_c2VjcmV0IG9mIHRoZSBzYW5kYm94' }),
    startStorage({ port, log: console.error }),
  ]);
  const denied = NAMES.map((name) => `${name}@contoso.example`);
  const settings = {
    ALLOWED_MAILBOXES: 'support@contoso.example hr@contoso.example',
    DENIED_MAILBOXES: denied.join(' '),
    PROPAGATION_MINUTES: '0',
    AzureWebJobsStorage: emulatorConnection(port),
    GRAPH_ENDPOINT: sandbox.url,
    IDENTITY_ENDPOINT: `${sandbox.url}/msi/token`,
    IDENTITY_HEADER: 'sandbox',
  };
  // The identity library reads these of the process.
  Object.assign(process.env, { IDENTITY_ENDPOINT: settings.IDENTITY_ENDPOINT, IDENTITY_HEADER: 'sandbox' });
  const put = (path: string, body: object) =>
    fetch(`${sandbox.url}/sandbox/${path}`, { method: 'PUT', body: JSON.stringify(body) });
  const members = ['support@contoso.example', 'hr@contoso.example'];
  const limit = (more: readonly string[] = []) =>
    put('policy', { mechanism: 'application-access-policy', members: [...members, ...more] });
  await fetch(`${sandbox.url}/sandbox/mailboxes`, { method: 'POST', body: JSON.stringify({ mailboxes: denied }) });

  const services = createServices(settings, () => undefined);
  await limit();
  for (let ago = RUNS; ago > 0; ago -= 1) {
    // A few runs did not come, and once a member was added by mistake.
    if (ago > 30 && ago <= 33) continue;
    if (ago === 20) await limit(['payroll@contoso.example']);
    if (ago === 17) await limit();
    await poll(at(services, ago));
  }
  const host = await startLocalHost({
    root,
    port: 0,
    withKeys: false,
    log: () => undefined,
    env: { PATH: process.env.PATH, ...settings, 'AzureWebJobs.pollMailboxes.Disabled': 'true' },
  });
  const browser = await startChromium();
  try {
    for (const picture of PROVEN) await take(browser, host, picture, folder);
    await limit(['cfo@contoso.example']);
    await poll(services);
    for (const picture of BREACH) await take(browser, host, picture, folder);
  } finally {
    await browser.close();
    await Promise.all([host.close(), sandbox.close(), storage.stop()]);
  }
}

/** The app as it was `ticks` scheduled times ago. */
function at(services: Services, ticks: number): Services {
  const then = Math.floor(Date.now() / QUARTER_MS) * QUARTER_MS - (ticks - 1) * QUARTER_MS + 200;
  const began = Date.now();
  return { ...services, now: () => new Date(then + Date.now() - began) };
}

async function take(browser: Browser, host: LocalHost, picture: Picture, folder: string): Promise<void> {
  const { file, fragment, width, height, scheme = 'light', focus } = picture;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  await page.goto(`${host.url}/api/dashboard${fragment}`);
  await page.locator('tbody tr').first().waitFor();
  await page.locator('.proof b').first().waitFor();
  if (focus !== undefined) {
    await page.locator(`[id="${focus}"]`).focus();
    await page.locator('.bar-words code').waitFor();
  }
  await page.screenshot({ path: join(folder, file) });
  console.log(`docs/images/${file}`);
  await page.close();
}
