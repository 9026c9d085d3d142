import { describe, expect, test } from 'vitest';
import { startSite } from './site.js';

describe('the page', () => {
  test('comes whole from the service, keeps its own content policy, and its script finds everything it asks for', async () => {
    const { url } = await startSite({ flows: 100 });
    const get = async (path: string): Promise<[type: string | null, text: string]> => {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      return [answer.headers.get('content-type'), await answer.text()];
    };
    const [type, html] = await get('/');
    expect(type).toBe('text/html; charset=utf-8');
    expect(html).not.toMatch(/https?:|\sstyle=|\son\w+=|<style|<script>/); // nothing from elsewhere, nothing inline
    const linked = [...html.matchAll(/(?:src|href)="([\w.]+)"/g)].map((m) => m[1]!);
    expect(linked).toEqual(['page.css', 'docs', 'metrics', 'page.js']);
    const [scriptType, script] = await get('/page.js');
    expect(scriptType).toBe('text/javascript; charset=utf-8');
    expect(() => new Function(script)).not.toThrow();
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/); // traffic must not become markup
    const ids = new Set([...html.matchAll(/\bid="([\w-]+)"/g)].map((m) => m[1]!));
    const asked = [...script.matchAll(/(?:\$|put)\('([\w-]+)'/g)].map((m) => m[1]!);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((id) => !ids.has(id))).toEqual([]);
    const [, css] = await get('/page.css');
    expect(css).toContain('prefers-color-scheme: dark');
    await get('/docs');
  });

  test('every control has a name', async () => {
    const { url } = await startSite({ flows: 100 });
    const html = await (await fetch(url)).text();
    for (const [control] of html.matchAll(/<(?:input|select)\b[^>]*>/g)) {
      if (control.includes('hidden')) continue;
      const id = /id="([\w-]+)"/.exec(control)![1]!;
      expect(
        html.includes(`for="${id}"`) || new RegExp(`<label>[^<]*${control.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}`).test(html),
        id,
      ).toBe(true);
    }
    for (const [, text] of html.matchAll(/<button[^>]*>([^<]*)<\/button>/g)) expect(text).not.toBe('');
  });
});
