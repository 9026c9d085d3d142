import type { RunInfo } from '../../tracking.js';
import { fromServer } from './datasets.js';
import type { ServerRun } from './runs.js';

/** A server's run as the port gives it. */
export function runInfo({ info, data, inputs }: ServerRun, experiment: string): RunInfo {
  const tags = Object.fromEntries((data.tags ?? []).map(({ key, value }) => [key, value]));
  const parent = tags['mlflow.parentRunId'];
  return {
    id: info.run_id,
    name: info.run_name ?? tags['mlflow.runName'] ?? '',
    experiment,
    status: info.status === 'SCHEDULED' ? 'RUNNING' : info.status,
    startTime: Number(info.start_time),
    endTime: info.end_time === undefined ? null : Number(info.end_time),
    ...(parent === undefined ? {} : { parent }),
    params: Object.fromEntries((data.params ?? []).map(({ key, value }) => [key, value])),
    metrics: Object.fromEntries((data.metrics ?? []).map(({ key, value }) => [key, Number(value)])),
    tags,
    datasets: (inputs?.dataset_inputs ?? []).map(fromServer),
  };
}
