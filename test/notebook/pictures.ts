import type { Notebook } from '../../src/notebook/notebook-file.js';

const calls = /\bplot\.(?:line|bar|scatter|histogram|heatmap)\(|\bchartBundle\(/g;
/** A bar, point, cell or line of our SVG. */
const drawn = /<(rect|circle|path) [^>]*><title>|<path d="M[^"]+L/;

/** The pictures of an executed cell, as SVG. */
const picturesOf = ({ outputs = [] }: Notebook['cells'][number]): string[] =>
  outputs.flatMap((o) => (o.output_type === 'display_data' && 'image/svg+xml' in o.data ? [String(o.data['image/svg+xml'])] : []));

/** Code cells of an executed notebook that show fewer pictures than they draw, or one with nothing in it. */
export const missingPictures = ({ cells }: Notebook): string[] =>
  cells.flatMap((cell) => {
    const wanted = cell.cell_type === 'code' ? (cell.source.match(calls)?.length ?? 0) : 0;
    const full = picturesOf(cell).filter((svg) => drawn.test(svg)).length;
    return full >= wanted ? [] : [`${full} of ${wanted} pictures: ${cell.source.slice(0, 80)}`];
  });

/** Calls that draw, in all cells. */
export const picturesDrawn = ({ cells }: Notebook): number =>
  cells.reduce((sum, cell) => sum + (cell.cell_type === 'code' ? (cell.source.match(calls)?.length ?? 0) : 0), 0);
