import { describe, expect, test } from 'vitest';
import { renderHtmlPage } from '../../src/notebook/html.js';
import { renderMarkdown } from '../../src/notebook/markdown.js';
import type { Notebook } from '../../src/notebook/notebook-file.js';

describe('Markdown of notebooks', () => {
  test.each([
    ['# A *b*', '<h1>A <em>b</em></h1>'],
    ['one\ntwo **three**', '<p>one two <strong>three</strong></p>'],
    ['* first\n  goes on\n* `a * b` and 2 * 3', '<ul><li>first goes on</li><li><code>a * b</code> and 2 * 3</li></ul>'],
    [
      '| a | b |\n|-|-|\n| 1 | `x` |',
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><code>x</code></td></tr></tbody></table>',
    ],
    ['```ts\nif (a < b) *c*\n```', '<pre><code>if (a &lt; b) *c*</code></pre>'],
    ['[here](../README.md) [not](javascript:alert(1))', '<p><a href="../README.md">here</a> [not](javascript:alert(1))</p>'],
    ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
  ])('%s', (text, html) => expect(renderMarkdown(text)).toBe(html));
});

test('a page shows outputs without script: SVG before plotly, errors marked, code escaped', () => {
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: 'markdown', metadata: {}, source: '# 01 · Flows & more' },
      {
        cell_type: 'code',
        metadata: {},
        source: 'a < b',
        execution_count: 1,
        outputs: [
          { output_type: 'stream', name: 'stdout', text: '<b>\n' },
          {
            output_type: 'display_data',
            metadata: {},
            data: { 'application/vnd.plotly.v1+json': {}, 'image/svg+xml': '<svg/>', 'text/plain': 'x' },
          },
          { output_type: 'error', ename: 'NL_OPTION', evalue: 'NL_OPTION bad', traceback: ['NL_OPTION bad'] },
        ],
      },
    ],
  };
  const page = renderHtmlPage(notebook);
  expect(page).toContain('<title>01 · Flows &amp; more</title>');
  for (const part of ['a &lt; b', '<pre>&lt;b&gt;\n</pre>', '<div class="out"><svg/></div>', '<pre class="failed">NL_OPTION bad</pre>']) {
    expect(page).toContain(part);
  }
  expect(page).not.toMatch(/<script|https?:\/\//);
});
