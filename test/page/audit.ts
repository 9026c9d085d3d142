import type { Page } from 'playwright-core';

// What an accessibility checker would complain about, computed by the browser that shows the page. Empty lists are good.

/** Controls, regions and pictures without a name that a screen reader could say. */
export const unnamed = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const text = (ids: string | null): string =>
      (ids ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join(' ')
        .trim();
    const nameOf = (e: Element): string =>
      e.getAttribute('aria-label')?.trim() ||
      text(e.getAttribute('aria-labelledby')) ||
      [...((e as HTMLInputElement).labels ?? [])]
        .flatMap((label) =>
          [...label.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ textContent }) => textContent!),
        )
        .join(' ')
        .trim() ||
      (e.matches('button, a, summary') ? (e.textContent ?? '').trim() : '');
    return [
      ...document.querySelectorAll(
        'button, input, select, textarea, a[href], summary, progress, dialog, section, nav, [role=img], [role=region]',
      ),
    ]
      .filter((e) => (e as HTMLElement).checkVisibility() && nameOf(e) === '')
      .map((e) => e.outerHTML.slice(0, 120));
  });

/** Text that does not stand out from what lies behind it: WCAG 2.2, 4.5 to 1, 3 to 1 for large text; disabled controls are exempt. */
export const faint = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    type Colour = [r: number, g: number, b: number, a: number];
    const parse = (css: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = ([r, g, b, a]: Colour, [R, G, B]: Colour): Colour => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
    const behind = (e: Element | null): Colour => {
      if (!e) return [255, 255, 255, 1];
      const own = parse(getComputedStyle(e).backgroundColor);
      return own[3] === 1 ? own : over(own, behind(e.parentElement));
    };
    const light = ([r, g, b]: Colour): number => {
      const [R, G, B] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * R! + 0.7152 * G! + 0.0722 * B!;
    };
    const found = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const e = node.parentElement!;
      if (!node.textContent!.trim() || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (e.closest('script, .unseen, .skip, option, :disabled')) continue;
      const style = getComputedStyle(e);
      const back = behind(e);
      const fore = over(parse(e instanceof SVGElement ? style.fill : style.color), back);
      const [a, b] = [light(fore), light(back)].sort((x, y) => y - x) as [number, number];
      const ratio = (a + 0.05) / (b + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5))
        found.add(`${ratio.toFixed(2)} ${e.tagName} ${e.className} "${node.textContent!.trim().slice(0, 30)}"`);
    }
    return [...found];
  });

/** Ids that stand twice, headings that skip a level, tables without headings. */
export const muddled = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const ids = [...document.querySelectorAll('body [id]')].filter((e) => !e.closest('svg')).map((e) => e.id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `id ${id} stands twice`);
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
      .filter((e) => (e as HTMLElement).checkVisibility())
      .map((e) => Number(e.tagName[1]));
    const skips = levels.flatMap((level, i) => (i > 0 && level > levels[i - 1]! + 1 ? [`h${level} after h${levels[i - 1]}`] : []));
    const bare = [...document.querySelectorAll('table')]
      .filter((e) => e.checkVisibility() && !e.querySelector('th[scope=col]'))
      .map((e) => `a table without headings in ${e.closest('section')?.getAttribute('aria-labelledby')}`);
    return [...twice, ...skips, ...bare];
  });

/** Pixels by which the page is wider than its window; 0 is good. */
export const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** What the keyboard stops at, one Tab after the other until it leaves the page; '!' marks a stop that shows no focus. */
export async function stops(page: Page, most = 200): Promise<string[]> {
  const found: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const e = document.activeElement!;
      if (e === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(e);
      const seen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
      return `${seen ? '' : '!'}${e.id || e.getAttribute('aria-label') || e.textContent!.trim().slice(0, 40)}`;
    });
    if (stop === null) break;
    found.push(stop);
  }
  return found;
}
