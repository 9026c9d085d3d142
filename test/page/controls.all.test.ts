import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowser, picture, visit } from './browser.js';
import { startLabSite } from './lab-site.js';

const shows = (page: Page, selector: string, text: string | RegExp, timeout = 60_000): Promise<unknown> =>
  page.waitForFunction(
    ([where, source]) => new RegExp(source!).test(document.querySelector(where!)?.textContent ?? ''),
    [selector, typeof text === 'string' ? text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : text.source] as const,
    { timeout },
  );
const answer = async (page: Page, why: string): Promise<void> => {
  await page.fill('#ask-why', why);
  await page.click('#ask-yes');
};

test('a day at the page: every control against a running service that replays the lab', { timeout: 480_000 }, async () => {
  const site = await startLabSite();
  const browser = await openBrowser();
  const { page, complaints, asked } = await visit(browser, site.url, { acceptDownloads: true });

  // Nothing runs: the page says what to do, and what cannot be done is not offered.
  await shows(page, '#sniffing', 'Nothing is watched yet');
  expect(await page.textContent('#learning')).toBe('Inactive');
  expect(await page.isDisabled('#train-now')).toBe(true);

  // Watch day 1 as fast as it is read: detection and cycles of both learners.
  await page.selectOption('#capture', 'lab/day1/capture.pcap.xz');
  await page.selectOption('#speed', 'max');
  await page.click('#sniffer-start');
  await shows(page, '#notice', 'The sniffer runs on lab/day1/capture.pcap.xz');
  await shows(page, '#sniffer', 'Running');
  await shows(page, '#learning', /Active|Training…/);
  await shows(page, '#learners', /Window \d+: [\d,]+ flows · elapsed .* · remaining/);
  await page.waitForFunction(() => Number(document.querySelector('#cycles')!.textContent) >= 6, null, { timeout: 90_000 });
  await shows(page, '#sniffer', 'Stopped');
  await shows(page, '#sources', /\(DFA, ANN/);
  expect(Number((await page.textContent('#alerts'))!.replace(',', ''))).toBeGreaterThan(100);
  expect(await page.locator('#history tr').count()).toBeGreaterThanOrEqual(6);
  expect(await page.textContent('#history')).toMatch(/deployed/);
  for (const chart of ['flow-rate', 'alert-rate', 'scores', 'metrics', 'coverage', 'live']) {
    expect(await page.locator(`#${chart} .main-svg path`).count(), chart).toBeGreaterThan(0);
    expect(await page.textContent(`#${chart}-says`), chart).not.toMatch(/^No /);
  }
  await page.locator('#metrics ~ details summary').click();
  await shows(page, '#metrics-rows', /deployed.*all checks passed/);
  await picture(page, 'day-light');

  // Versions: compare, promote, roll back, reload.
  await shows(page, '#compare-says', 'same golden set');
  await shows(page, '#compared', /Golden recall0\.\d{4}0\.\d{4}[+-]0\.\d{4}/);
  const live = async (): Promise<number> => site.loop.learning().learners.find(({ name }) => name === 'flow')!.live!;
  const before = await live();
  const other = page.locator('#versions button').last();
  const target = Number(/version (\d+)/.exec((await other.getAttribute('aria-label'))!)![1]);
  await other.click();
  await page.keyboard.press('Escape');
  expect(await live()).toBe(before); // left the dialog: nothing happened
  await other.click();
  await answer(page, 'a test');
  await shows(page, '#notice', `flow version ${target} is live`);
  expect(await live()).toBe(target);
  await shows(page, '#live-says', `flow version ${target} since`);
  await page.locator(`#versions [aria-label="Promote flow version ${before}"]`).click();
  await answer(page, 'and back');
  await shows(page, '#notice', `flow version ${before} is live`);
  await page.click('#rollback');
  await answer(page, '');
  await shows(page, '#notice', /flow version \d+ is live again/);
  await page.click('#reload');
  await shows(page, '#notice', /Detector reloaded: behaviour .*, flow version \d+/);

  // Settings, with the limits that the page states.
  await page.fill('#minutes', '15');
  await page.fill('#length', '12');
  await page.fill('#epochs', '7');
  await page.click('#settings button');
  await shows(page, '#notice', 'behaviour.every.seconds from 300 to 900');
  expect(site.loop.config()).toMatchObject({ behaviour: { every: { seconds: 900 }, train: { epochs: 7 } }, sequence: { length: 12 } });
  for (const [id, low, high] of [
    ['minutes', '1', '60'],
    ['length', '5', '50'],
    ['epochs', '5', '50'],
  ] as const) {
    expect([await page.getAttribute(`#${id}`, 'min'), await page.getAttribute(`#${id}`, 'max')]).toEqual([low, high]);
  }
  await page.selectOption('#preset', 'mass');
  await page.click('#settings button');
  await shows(page, '#notice', 'flow.train.batch from 32 to 128');
  await page.uncheck('#automatic');
  await shows(page, '#notice', 'automatic from true to false');

  // Day 2 as a wire: train now says why not, learners go off and on alone, collection starts again.
  await page.selectOption('#capture', 'lab/day2/capture.pcap.xz');
  await page.selectOption('#speed', '1');
  await page.click('#sniffer-start');
  await shows(page, '#sniffer', 'Running');
  await page.click('#train-now');
  await shows(page, '#notice', /NL_TOO_FEW: .*need \d+ .*, have \d+|no traffic yet/);
  const flip = (what: string) => page.locator(`[aria-label="${what} the behaviour learner"]`);
  await flip('Switch off').click();
  await flip('Switch on').waitFor();
  expect(site.loop.config().behaviour.enabled).toBe(false);
  await page.click('#collect');
  await shows(page, '#notice', 'Collection has started');
  await flip('Switch off').waitFor();
  await page.click('#sniffer-stop');
  await shows(page, '#sniffer', 'Stopped');
  const past = await page.locator('#history tr').first().textContent();
  await page.selectOption('#speed', '60');
  await page.click('#sniffer-start');
  await shows(page, '#learners', /Behaviour.*Window \d+: [\d,]+ flows((?!Waits).)*Switch off.*Flow/);
  await page.click('#train-now');
  await shows(page, '#notice', /^Training cycle started: .*behaviour/);
  await page.waitForFunction((text) => document.querySelector('#history tr')!.textContent !== text, past, { timeout: 60_000 });
  await page.click('#sniffer-stop');
  await shows(page, '#sniffer', 'Stopped');

  // Alerts: filter, judge, look further back, archive, download.
  await page.selectOption('#by-source', 'DFA');
  await page.click('#filters button');
  await shows(page, '#shown', 'that fit');
  expect(new Set(await page.locator('#newest tr td:nth-child(2)').allTextContents())).toEqual(new Set(['DFA']));
  const newest = await page.locator('#newest tr').first().textContent();
  await page.locator('#newest [aria-label^="False positive"]').first().click();
  await answer(page, 'our own scanner');
  await shows(page, '#notice', 'Noted: a false positive');
  await page.click('#older');
  await page.waitForFunction((text) => document.querySelector('#newest tr')!.textContent !== text, newest);
  await page.click('#newest-first');
  await page.waitForFunction(() => (document.querySelector('#newest-first') as HTMLElement).hidden);
  await page.click('#archive');
  await answer(page, 'end of the day');
  await shows(page, '#notice', /Archived \d+ alerts/);
  await shows(page, '#archives', 'end of the day');
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator('#archives button').first().click()]);
  expect(readFileSync(await file.path(), 'utf8').split('\n')[0]).toMatch(/id.*rule/);

  expect(site.broken).toEqual([]);
  // A refusal with its reason (409) is what the page is there to show; the browser calls it an error all the same.
  expect(complaints.filter((text) => !/status of 409/.test(text))).toEqual([]);
  expect(
    [...new Set(asked.map((url) => new URL(url).protocol + new URL(url).host))].filter(
      (where) => !where.startsWith('blob:') && !where.startsWith('data:'),
    ),
  ).toEqual([`http:${new URL(site.url).host}`]);
});
