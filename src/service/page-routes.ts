import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../hash.js';
import { holdsTag } from './champion.js';
import { pageHtml } from './page-html.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './page-style.js';
import type { App } from './parts.js';

/** What the page consists of: nothing from elsewhere. Plotly's file is read when it is first asked for. */
const parts: readonly (readonly [url: string, type: string, read: () => string])[] = [
  ['/', 'text/html', () => pageHtml],
  ['/page.css', 'text/css', () => pageStyle],
  ['/page.js', 'text/javascript', () => pageScript],
  ['/plotly.js', 'text/javascript', () => readFileSync(createRequire(import.meta.url).resolve('plotly.js'), 'utf8')],
];

/** The page at `/`, with its style, its script and the library that draws: compressed once, sent again only when it changed. */
export function addPageRoutes(app: App): void {
  for (const [url, type, read] of parts) {
    let ready: { readonly plain: string; readonly packed: Buffer; readonly tag: string } | null = null;
    app.get(url, { schema: { hide: true } }, async ({ headers }, reply) => {
      if (!ready) {
        const plain = read();
        ready = { plain, packed: gzipSync(plain), tag: `"${sha256(plain).slice(0, 16)}"` };
      }
      reply.type(`${type}; charset=utf-8`).header('etag', ready.tag).header('cache-control', 'no-cache').header('vary', 'accept-encoding');
      if (holdsTag(headers['if-none-match'], ready.tag)) return reply.code(304).send();
      if (!/\bgzip\b/.test(headers['accept-encoding'] ?? '')) return reply.send(ready.plain);
      return reply.header('content-encoding', 'gzip').send(ready.packed);
    });
  }
}
