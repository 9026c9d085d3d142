import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { damage } from '../service/recording.js';
import { small, startSite } from '../service/site.js';
import { openBrowser, picture, visit } from './browser.js';

const says = (page: Page, selector: string, text: RegExp): Promise<unknown> =>
  page.waitForFunction(
    ([where, source]) => new RegExp(source!).test(document.querySelector(where!)?.textContent ?? ''),
    [selector, text.source] as const,
    { timeout: 60_000 },
  );

/** A site that has watched its recording, and its page. */
async function openSite(gate: object, flows = 1300) {
  const site = await startSite({ flows, config: { ...small, gate }, rate: 100_000 });
  await site.loop.start({ capture: 'captures/conn.log', speed: 'max' });
  await site.until(() => site.loop.sniffer().state === 'stopped');
  const browser = await openBrowser();
  const seen = await visit(browser, site.url, { acceptDownloads: true });
  await seen.page.waitForFunction(() => document.querySelectorAll('#versions button').length > 0);
  return { site, ...seen };
}

test('a version that the gate refused is promoted by force, with a reason, or not at all', { timeout: 180_000 }, async () => {
  const { site, page, complaints } = await openSite({ minAccuracy: 1 });
  const refused = (await site.loop.history({ limit: 100, learner: 'flow' })).find(({ state }) => state === 'rolled-back')!.version!;
  const live = (): number | null => site.loop.learning().learners.find(({ name }) => name === 'flow')!.live;
  const before = live();
  const ask = async (): Promise<void> => {
    await page.locator(`#versions [aria-label="Promote flow version ${refused}"]`).click();
    await says(page, '#ask-title', new RegExp(`^Promote flow version ${refused}\\?$`));
    await page.click('#ask-yes');
    await says(page, '#ask-title', new RegExp(`^The gate did not let flow version ${refused} through$`));
  };

  // The dialog says what the gate said, and asks for a reason.
  await ask();
  expect(await page.textContent('#ask-text')).toMatch(/the gate refused it \(.+\).*promoted all the same/);
  expect(await page.textContent('#ask-yes')).toBe('Promote by force');
  await picture(page, 'force-dialog');
  await page.click('#ask-yes');
  expect(await page.locator('#ask').evaluate((dialog: HTMLDialogElement) => dialog.open)).toBe(true);
  expect(await page.locator('#ask-why').evaluate((input: HTMLInputElement) => input.validity.valueMissing)).toBe(true);
  expect(live()).toBe(before);
  await page.keyboard.press('Escape');
  await says(page, '#notice', /^NL_GATE: /);
  expect(live()).toBe(before);

  await ask();
  await page.fill('#ask-why', 'a drill');
  await page.click('#ask-yes');
  await says(page, '#notice', new RegExp(`^flow version ${refused} is live$`));
  expect(live()).toBe(refused);
  const trail = ((await (await fetch(`${site.url}/monitoring`)).json()) as { live: { why: string; to: number }[] }).live;
  expect(trail.at(-1)).toMatchObject({ to: refused, why: expect.stringMatching(/^forced past the gate .*: a drill$/) });
  expect(complaints.filter((text) => !/status of 409/.test(text))).toEqual([]);
});

test('the alerts that are shown can be downloaded as CSV, all of them or those that fit', { timeout: 180_000 }, async () => {
  const { site, page, complaints } = await openSite({ preset: 'plain' }, 2000);
  const stats = await site.ports.alerts.stats();
  const rows = async (): Promise<string[]> => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).first().click()]);
    expect(file.suggestedFilename()).toBe('alerts.csv');
    return readFileSync(await file.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
  };
  const all = await rows();
  expect(all[0]).toMatch(/^id,time,ts,source,rule,/);
  expect(all).toHaveLength(stats.stored + 1);
  await page.selectOption('#by-source', 'DFA');
  const fitting = await rows();
  expect(fitting).toHaveLength(stats.bySource.DFA + 1);
  expect(new Set(fitting.slice(1).map((row) => row.split(',')[3]))).toEqual(new Set(['DFA']));
  expect(stats.bySource.DFA).toBeLessThan(stats.stored);
  await page.selectOption('#by-source', '');
  await page.fill('#by-user', 'nobody & nothing');
  expect(await rows()).toHaveLength(1);
  expect(complaints).toEqual([]);
});

test("a champion's file that is damaged is said on the page, with the version that serves, until it is whole again", {
  timeout: 180_000,
}, async () => {
  const { site, page, complaints } = await openSite({ preset: 'plain' }, 2000);
  const live = (): number => site.loop.learning().learners.find(({ name }) => name === 'flow')!.live!;
  const champion = live();
  expect(await page.textContent('#degraded')).toBe('');
  const mend = damage(site.dir, champion);
  await page.click('#reload');
  await says(page, '#degraded', new RegExp(`NL_MODEL_CORRUPT flow@${champion} cannot be loaded, flow@\\d+ serves in its place`));
  expect(live()).toBeLessThan(champion);
  await says(page, '#notice', new RegExp(`Detector reloaded: .*flow version ${live()}`));
  await picture(page, 'damaged');
  mend();
  await page.click('#reload');
  await page.waitForFunction(() => document.querySelector('#degraded')!.textContent === '');
  expect(live()).toBe(champion);
  expect(complaints).toEqual([]);
});

test('a few automatic labels are asked about, and an answer leaves the queue and tells of the noise', { timeout: 180_000 }, async () => {
  const { site, page, complaints } = await openSite({}, 2000);
  const queue = page.locator('#audit tr');
  await page.waitForFunction(() => document.querySelectorAll('#audit tr').length > 1);
  const open = async (): Promise<number> => Number(/of (\d+) are shown/.exec((await page.textContent('#audit-says'))!)?.[1]);
  const before = await open();
  expect(before).toBeGreaterThan(await queue.count());
  await says(page, '#audit-says', /No answer yet\.$/);
  const first = queue.first();
  const called = await first.locator('td').nth(2).textContent();
  await first.getByRole('button', { name: /^Wrong: / }).click();
  await says(page, '#ask-title', new RegExp(`^Was it ${called === 'attack' ? 'benign' : 'attack'}\\?$`));
  await page.fill('#ask-why', 'our own scanner');
  await page.click('#ask-yes');
  await says(page, '#notice', /^Noted: /);
  await says(page, '#audit-says', /Answers so far: \w+ \d+: 1 of 1 wrong \(95 %: 2\.5 % to 100\.0 %\)\.$/);
  expect(await open()).toBe(before - 1);
  await picture(page, 'audit');
  expect((await site.ports.feedback!.labels()).map(({ label, why }) => ({ label, why }))).toEqual([
    { label: called === 'attack' ? 0 : 1, why: 'our own scanner' },
  ]);
  expect(complaints).toEqual([]);
});
