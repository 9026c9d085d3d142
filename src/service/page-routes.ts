import { pageHtml } from './page-html.js';
import { pageScript } from './page-script.js';
import { pageStyle } from './page-style.js';
import type { App } from './parts.js';

/** The page at `/`, with its style and script: nothing from elsewhere. */
export function addPageRoutes(app: App): void {
  for (const [url, type, text] of [
    ['/', 'text/html', pageHtml],
    ['/page.css', 'text/css', pageStyle],
    ['/page.js', 'text/javascript', pageScript],
  ] as const) {
    app.get(url, { schema: { hide: true } }, async (_, reply) => reply.type(`${type}; charset=utf-8`).send(text));
  }
}
