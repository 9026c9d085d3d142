import { escapeText } from './svg.js';

/** Code spans are set aside first: nothing inside them is markup. */
function inline(text: string): string {
  const spans: string[] = [];
  const aside = text
    .replaceAll('\u0000', '')
    .replace(/`([^`]+)`/g, (_, code: string) => `\u0000${spans.push(`<code>${escapeText(code)}</code>`) - 1}\u0000`);
  // escapeText leaves control characters out, so the marks are put back around it.
  const parts = aside.split('\u0000').map((part, i) => (i % 2 === 1 ? spans[Number(part)]! : emphasised(escapeText(part))));
  return parts.join('');
}

const emphasised = (escaped: string): string =>
  escaped
    .replace(/\[([^\]]+)\]\(((?:https?:\/\/|\.{0,2}\/|#)[^\s)]*)\)/g, '<a href="$2">$1</a>')
    .replace(/\*\*([^*]+(?:\*[^*]+\*[^*]*)*)\*\*/g, '<strong>$1</strong>')
    .replace(/(^|[^\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?!\w)/g, '$1<em>$2</em>');

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\s*\|/, '')
    .replace(/\|\s*$/, '')
    .split('|')
    .map((cell) => inline(cell.trim()));

function table([head, , ...rows]: readonly string[]): string {
  const row = (line: string, tag: string): string =>
    `<tr>${cellsOf(line)
      .map((cell) => `<${tag}>${cell}</${tag}>`)
      .join('')}</tr>`;
  return `<table><thead>${row(head!, 'th')}</thead><tbody>${rows.map((line) => row(line, 'td')).join('')}</tbody></table>`;
}

/** Items begin with a mark; indented lines go on with the item. */
function list(lines: readonly string[], tag: 'ul' | 'ol'): string {
  const items: string[] = [];
  for (const line of lines) {
    const start = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
    if (start) items.push(start[1]!);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return `<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</${tag}>`;
}

function block(lines: readonly string[]): string {
  const first = lines[0]!;
  const heading = /^(#{1,6})\s+(.*)$/.exec(first);
  if (heading) {
    const rest = lines.slice(1);
    return `<h${heading[1]!.length}>${inline(heading[2]!)}</h${heading[1]!.length}>${rest.length > 0 ? block(rest) : ''}`;
  }
  if (lines.length > 1 && first.includes('|') && /^[\s|:-]+$/.test(lines[1]!)) return table(lines);
  if (/^\s*[-*]\s+/.test(first)) return list(lines, 'ul');
  if (/^\s*\d+\.\s+/.test(first)) return list(lines, 'ol');
  return `<p>${inline(lines.join(' '))}</p>`;
}

/**
 * The Markdown that notebooks are written in, as HTML: headings, paragraphs, lists, tables, fenced code, code spans, bold, italics, links.
 * Raw HTML is shown as text; links go to http, https or a relative path only.
 */
export function renderMarkdown(text: string): string {
  const parts: string[] = [];
  let lines: string[] = [];
  let fence: string[] | null = null;
  const close = (): void => {
    if (lines.length > 0) parts.push(block(lines));
    lines = [];
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      if (fence) parts.push(`<pre><code>${escapeText(fence.join('\n'))}</code></pre>`);
      else close();
      fence = fence ? null : [];
    } else if (fence) fence.push(line);
    else if (line.trim() === '') close();
    else lines.push(line);
  }
  if (fence) parts.push(`<pre><code>${escapeText(fence.join('\n'))}</code></pre>`);
  close();
  return parts.join('\n');
}
