/** A value on the horizontal axis: a number (on time axes microseconds since the epoch), or a category. */
export type Position = number | string;

export interface Series {
  readonly name: string;
  readonly x: readonly Position[];
  /** null leaves a gap. */
  readonly y: readonly (number | null)[];
  /** An interval around `y`, drawn as a band (lines) or whiskers (bars, points). */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

export interface Axis {
  readonly label: string;
  /** 'time': microseconds since the epoch, shown as UTC. */
  readonly scale: 'linear' | 'log' | 'time' | 'category';
  /** 'share': fractions shown as percent; 'bytes': 1.2 MB. */
  readonly unit?: 'share' | 'bytes' | 'seconds';
  /** In the order of the axis; only where the scale is 'category'. */
  readonly categories?: readonly string[];
  /** The ends of the axis; default: what the values need. */
  readonly domain?: readonly [number, number];
}

/** A line across the plot at one value, with its name: a threshold, a moment. */
export interface Mark {
  readonly axis: 'x' | 'y';
  readonly at: Position;
  readonly label: string;
}

interface Frame {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  /** Said below the plot, e.g. how many points were left out. */
  readonly note?: string;
}

export interface SeriesChart extends Frame {
  readonly kind: 'line' | 'scatter' | 'bar';
  readonly series: readonly Series[];
  /** Bars on top of each other instead of side by side. */
  readonly stacked?: boolean;
}

export interface HistogramChart extends Frame {
  readonly kind: 'histogram';
  /** bins + 1 edges, ascending. */
  readonly edges: readonly number[];
  readonly series: readonly { readonly name: string; readonly counts: readonly number[] }[];
}

export interface HeatmapChart extends Frame {
  readonly kind: 'heatmap';
  /** cells[row][column], rows in the order of y.categories. */
  readonly cells: readonly (readonly (number | null)[])[];
  readonly valueLabel: string;
  readonly valueUnit?: Axis['unit'];
  /** Values of the lightest and the darkest colour; default: the least and the greatest. */
  readonly valueDomain?: readonly [number, number];
}

/** What a plot shows, before anybody draws it: the SVG and the plotly figure are two drawings of one chart. */
export type Chart = SeriesChart | HistogramChart | HeatmapChart;

/** Colours of series, in order: Observable 10, distinct for most kinds of colour blindness. */
export const palette = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#9498a0',
] as const;

/** Names that mean the same in every plot keep their colour in every plot. */
const meanings: Readonly<Record<string, string>> = {
  attack: '#e5533d',
  'labelled attack': '#e5533d',
  benign: '#4269d0',
  'labelled benign': '#4269d0',
  skipped: '#9498a0',
  unknown: '#9498a0',
};

/** The colour of a series: its meaning's, else the palette's in order. */
export const colourOf = (name: string, index: number): string => meanings[name] ?? palette[index % palette.length]!;

/** Colours of a heatmap from least to most: light to dark blue, so that it reads in print too. */
export const heat = ['#f4f7fd', '#cfdcf5', '#9db9ec', '#6a8fdd', '#4269d0', '#27408b', '#142255'] as const;
