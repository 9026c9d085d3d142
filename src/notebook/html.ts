import { renderMarkdown } from './markdown.js';
import type { Cell, Notebook, Output } from './notebook-file.js';
import { escapeText } from './svg.js';

const style = `
body{margin:0;background:#fff;color:#1f2430;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:880px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:30px;line-height:1.2;margin:8px 0 16px}h2{font-size:21px;margin:36px 0 8px}
pre{background:#f7f8fa;border:1px solid #e8eaf0;border-radius:6px;padding:12px 14px;overflow-x:auto;font:13px/1.5 ui-monospace,'DejaVu Sans Mono',monospace}
code{font:.88em ui-monospace,'DejaVu Sans Mono',monospace;background:#f2f4f7;border-radius:4px;padding:1px 4px}pre code{background:none;padding:0;font:inherit}
table{border-collapse:collapse;font-size:13px;margin:12px 0}th,td{padding:4px 10px;border-bottom:1px solid #e8eaf0;white-space:nowrap}th{border-bottom:2px solid #d0d5dd}
p td,main>table td{white-space:normal}.out{overflow-x:auto;margin:8px 0 20px}.out pre{background:#fff;border:0;padding:0}
.number{color:#98a2b3;font-size:12px;margin:18px 0 -10px}.failed{color:#b42318;border-left:3px solid #b42318;padding-left:12px}
`;

/** The form of an output that shows without any script: our own SVG before plotly, HTML before text. */
function renderOutput(output: Output): string {
  if (output.output_type === 'stream') return `<pre>${escapeText(output.text)}</pre>`;
  if (output.output_type === 'error') return `<pre class="failed">${escapeText(output.traceback.join('\n'))}</pre>`;
  const { data } = output;
  const rich = data['image/svg+xml'] ?? data['text/html'];
  if (typeof rich === 'string') return rich;
  if (typeof data['image/png'] === 'string') return `<img alt="" src="data:image/png;base64,${escapeText(data['image/png'])}">`;
  return `<pre>${escapeText(String(data['text/plain'] ?? ''))}</pre>`;
}

function renderCell(cell: Cell): string {
  if (cell.cell_type === 'markdown') return renderMarkdown(cell.source);
  if (cell.cell_type === 'raw' || cell.source.trim() === '') return '';
  const number = cell.execution_count ? `<div class="number">[${cell.execution_count}]</div>` : '';
  const outputs = (cell.outputs ?? []).map((output) => `<div class="out">${renderOutput(output)}</div>`);
  return [number, `<pre><code>${escapeText(cell.source)}</code></pre>`, ...outputs].join('\n');
}

/** What a notebook is called: its first heading. */
export const titleOf = (notebook: Notebook): string =>
  /^#\s+(.*)$/m.exec(notebook.cells.find((cell) => cell.cell_type === 'markdown')?.source ?? '')?.[1] ?? 'Notebook';

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;

/** A notebook as one HTML file that needs nothing else: no script, no network. Its outputs are the notebook's own and are trusted as it is. */
export const renderHtmlPage = (notebook: Notebook): string =>
  page(titleOf(notebook), notebook.cells.map(renderCell).filter(Boolean).join('\n'));

/** A page that leads to others. */
export function renderIndex(pages: readonly { readonly title: string; readonly href: string }[]): string {
  const items = pages.map(({ title, href }) => `<li><a href="${escapeText(href)}">${escapeText(title)}</a></li>`);
  return page('netloop notebooks', `<h1>netloop notebooks</h1>\n<ul>${items.join('\n')}</ul>`);
}
