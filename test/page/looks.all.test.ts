import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faint, muddled, sideways, stops, unnamed } from './audit.js';
import { openBrowser, picture, visit } from './browser.js';
import { startLabSite } from './lab-site.js';

describe('the page for everybody', () => {
  test('names, contrast, order and width in both themes, wide and on a phone, with everything shown', { timeout: 360_000 }, async () => {
    const site = await startLabSite();
    await site.loop.start({ capture: 'lab/day1/capture.pcap.xz', speed: 'max' });
    const browser = await openBrowser();
    const learnt = (): boolean => site.loop.sniffer().state === 'stopped' || site.loop.learning().total_training_cycles >= 4;
    for (let i = 0; i < 600 && !learnt(); i++) await sleep(200);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, width] of [
        ['wide', 1280],
        ['phone', 360],
      ] as const) {
        const { page, complaints } = await visit(browser, site.url, {
          colorScheme,
          viewport: { width, height: 800 },
          hasTouch: width < 500,
        });
        await page.waitForFunction(() => document.querySelectorAll('#newest tr').length > 5 && document.querySelector('#scores .main-svg'));
        for (const summary of await page.locator('summary').all()) await summary.click();
        const where = `${name} ${colorScheme}`;
        expect(await unnamed(page), where).toEqual([]);
        expect(await faint(page), where).toEqual([]);
        expect(await muddled(page), where).toEqual([]);
        expect(await sideways(page), where).toBe(0);
        await picture(page, `${name}-${colorScheme}`);
        expect(complaints, where).toEqual([]);
        await page.context().close();
      }
    }
  });

  test('the keyboard reaches everything, in order, and one sees where it is; the theme stays as chosen', async () => {
    const site = await startLabSite();
    const browser = await openBrowser();
    const { page } = await visit(browser, site.url, { colorScheme: 'light' });
    await page.waitForFunction(() => document.querySelector('#link')!.textContent === 'live');
    const walk = await stops(page);
    expect(walk.filter((stop) => stop.startsWith('!'))).toEqual([]);
    const order = ['Skip to the content', 'Now', 'Alerts', 'theme', 'what', 'capture', 'speed', 'sniffer-start', 'reload'];
    const rest = [
      'Switch off the behaviour learner',
      'automatic',
      'minutes',
      'length',
      'epochs',
      'preset',
      'metrics-of',
      'scores-of',
      'versions-of',
    ];
    const wanted = [
      ...order,
      ...rest,
      'compare-a',
      'compare-b',
      'by-source',
      'by-rule',
      'by-user',
      'download',
      'archive',
      'REST interface',
    ];
    expect(walk.filter((stop) => wanted.includes(stop))).toEqual(wanted);
    // Skip link, then a choice by keys alone.
    await page.focus('.skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement!.id)).toBe('main');
    await page.focus('#theme');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.reload();
    expect(await paper()).toBe(dark);
    expect(await page.textContent('#theme')).toBe('Theme: dark');
    // A dialog keeps the focus, and gives it back.
    expect(await page.locator('[role=status], [role=alert], [aria-live]').count()).toBeGreaterThanOrEqual(4);
  });

  test('the content policy holds in a real browser: nothing inline, nothing from elsewhere, no eval', async () => {
    const site = await startLabSite();
    const browser = await openBrowser();
    const { page, complaints } = await visit(browser, site.url);
    await page.waitForFunction(() => document.querySelector('#link')!.textContent === 'live');
    expect(complaints).toEqual([]);
    const did = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.inline = true';
      document.body.append(script);
      const button = document.createElement('button');
      button.setAttribute('onclick', 'window.handler = true');
      document.body.append(button);
      button.click();
      const style = document.createElement('style');
      style.textContent = 'body { outline: 9px solid red }';
      document.head.append(style);
      const frame = document.createElement('iframe');
      frame.src = '/';
      document.body.append(frame);
      const image = document.createElement('img');
      image.src = 'http://127.0.0.1:9/x.png';
      document.body.append(image);
      const elsewhere = await fetch('http://127.0.0.1:9/').then(
        () => 'fetched',
        () => 'refused',
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      const { inline, handler } = window as unknown as Record<string, unknown>;
      return { inline, handler, elsewhere, outline: getComputedStyle(document.body).outlineWidth };
    });
    expect([did.inline, did.handler, did.elsewhere]).toEqual([undefined, undefined, 'refused']);
    expect(did.outline).not.toBe('9px');
    const refused = new Set(complaints.flatMap((text) => /policy: ([\w-]+) refused/.exec(text)?.[1] ?? []));
    expect([...refused].sort()).toEqual(['connect-src', 'frame-src', 'img-src', 'script-src-attr', 'script-src-elem', 'style-src-elem']);
  });

  test('with a token the page asks for it once, and says when it is wrong', async () => {
    const token = 'a token of at least sixteen';
    const site = await startLabSite({ token });
    const browser = await openBrowser();
    const { page } = await visit(browser, site.url);
    await page.waitForSelector('#login:not([hidden])');
    await page.fill('#token', 'a wrong one of sixteen');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /token is needed/.test(document.querySelector('#notice')!.textContent!));
    await page.fill('#token', token);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#link')!.textContent === 'live');
    expect(await page.isVisible('#login')).toBe(false);
    await page.reload();
    await page.waitForFunction(() => document.querySelector('#link')!.textContent === 'live');
  });
});
