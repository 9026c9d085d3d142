const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const allowed = (c: string): boolean => c >= ' ' || c === '\t' || c === '\n' || c === '\r';

/** Text made safe inside SVG and HTML; control characters, which XML forbids, are left out. */
export const escapeText = (text: string): string => [...text].map((c) => entities[c] ?? (allowed(c) ? c : '')).join('');

/** Pixels with two decimals at most: short files, and the same on every machine. */
export const px = (n: number): string => String(Math.round(n * 100) / 100);

type Attribute = string | number | undefined;

/** One SVG element. Numbers are rounded, texts escaped; children are markup already. */
export function element(name: string, attributes: Readonly<Record<string, Attribute>>, ...children: readonly string[]): string {
  const head = Object.entries(attributes)
    .filter(([, v]) => v !== undefined)
    .map(([k, v]) => ` ${k}="${typeof v === 'number' ? px(v) : escapeText(v!)}"`)
    .join('');
  return children.length === 0 ? `<${name}${head}/>` : `<${name}${head}>${children.join('')}</${name}>`;
}

export const textElement = (text: string, attributes: Readonly<Record<string, Attribute>>): string =>
  element('text', attributes, escapeText(text));

/** A tooltip. */
export const titleElement = (text: string): string => element('title', {}, escapeText(text));

const narrow = /[iljtfrI.,:;|'!() ]/;
const wide = /[mwMW@%]/;

/** About how wide a text will be, pixels: fonts differ, so margins are drawn with room to spare. */
export function textWidth(text: string, size: number): number {
  let em = 0;
  for (const c of text) em += narrow.test(c) ? 0.32 : wide.test(c) ? 0.88 : c >= 'A' && c <= 'Z' ? 0.68 : 0.57;
  return em * size;
}

/** A text cut to a width, with an ellipsis. */
export function fitted(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  let cut = text;
  while (cut.length > 1 && textWidth(`${cut}…`, size) > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}
