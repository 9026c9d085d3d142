// What notebooks show: `import { show, plot, progress } from 'netloop/notebook'`.

export { type ExcerptOptions, excerpt } from '../sources/excerpt.js';
export type { Axis, Chart, HeatmapChart, HistogramChart, Mark, Position, Series, SeriesChart } from './chart.js';
export {
  barChart,
  type Column,
  type HeatmapOptions,
  type HistogramOptions,
  heatmapChart,
  histogramChart,
  lineChart,
  type SeriesOptions,
  scatterChart,
} from './charts.js';
export { countBy, truthOf } from './count.js';
export { type Bundle, createLiveOutput, display, inNotebook, type LiveOutput } from './display.js';
export { type DrawOptions, renderSvg } from './draw.js';
export { type Tried, type TryOptions, tryExperiment } from './experiment.js';
export { type Figure, renderFigure } from './figure.js';
export { bytes, moment, percent, seconds, timeOfDay } from './format.js';
export { DANFO_ROWS, toArquero, toArrow, toDanfo } from './frames.js';
export { renderHtmlPage } from './html.js';
export { cellSignal, type Stoppable } from './interrupt.js';
export { clearOutputs, loadNotebook, type Notebook, parseNotebook, renderNotebook } from './notebook-file.js';
export { chartBundle, plot } from './plot.js';
export { type Progress, type ProgressOptions, progress } from './progress.js';
export { query } from './query.js';
export { type NotebookRerun, outputHashes, type RecordOptions, recordNotebook, rerunNotebook } from './record.js';
export { type FailedCell, type NotebookRun, type RunNotebookOptions, runNotebook } from './run.js';
export { type ShowOptions, show, tableBundle } from './show.js';
export type { Format } from './table.js';

export { type Watched, type WatchOptions, watch } from './watch.js';

import { listenForInterrupts } from './interrupt.js';
import { shortErrors } from './short-errors.js';

shortErrors();
listenForInterrupts();
