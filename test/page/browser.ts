import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

const executablePath = process.env.NETLOOP_CHROMIUM ?? '/usr/bin/chromium';
const screenshots = join(import.meta.dirname, '..', '..', '.netloop', 'screenshots');

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A real Chromium of its own; gone after the test. */
export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: flags, ignoreDefaultArgs: ['--enable-automation'] });
  onTestFinished(() => browser.close());
  return browser;
}

export interface Visit {
  readonly page: Page;
  /** What the console, uncaught errors, refused content and failed requests said; and every address that was asked for. */
  readonly complaints: readonly string[];
  readonly asked: readonly string[];
}

/** Opens an address and writes down everything that goes wrong there. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => asked.push(request.url()));
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`),
    );
  });
  await page.goto(url);
  return { page, complaints, asked };
}

/** Keeps a picture of the whole page, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}
