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
    expect(linked).toEqual(['page.css', 'docs', 'metrics', 'plotly.js', 'page.js']);
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

  test('is compressed where that is understood, and not sent again while it has not changed', async () => {
    const { url } = await startSite({ flows: 100 });
    for (const path of ['/', '/page.js', '/plotly.js']) {
      const packed = await fetch(url + path, { headers: { 'accept-encoding': 'gzip' } });
      const plain = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      expect([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual(['gzip', null]);
      expect(await packed.text()).toBe(await plain.text());
      const again = await fetch(url + path, { headers: { 'if-none-match': packed.headers.get('etag')! } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
  });
});
