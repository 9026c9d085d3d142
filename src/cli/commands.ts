import type { Command } from 'commander';

type Loader = () => Promise<(program: Command) => void>;
const bundle: Loader = async () => (await import('./bundle.js')).addBundle;

/** Every command by its name, in the order of `netloop --help`, each loaded when it is wanted. */
export const commands = {
  start: async () => (await import('./start.js')).addStart,
  serve: async () => (await import('./serve.js')).addServe,
  flows: async () => (await import('./flows.js')).addFlows,
  detect: async () => (await import('./detect.js')).addDetect,
  sequences: async () => (await import('./sequences.js')).addSequences,
  run: async () => (await import('./run.js')).addRun,
  runs: async () => (await import('./runs.js')).addRuns,
  rerun: async () => (await import('./rerun.js')).addRerun,
  compare: async () => (await import('./compare.js')).addCompare,
  sweep: async () => (await import('./sweep.js')).addSweep,
  'sweep-worker': async () => (await import('./sweep-worker.js')).addSweepWorker,
  drill: async () => (await import('./drill.js')).addDrill,
  models: async () => (await import('./models.js')).addModels,
  label: async () => (await import('./label.js')).addLabel,
  audit: async () => (await import('./audit.js')).addAudit,
  forget: async () => (await import('./forget.js')).addForget,
  push: async () => (await import('./push.js')).addPush,
  export: bundle,
  import: bundle,
  mlflow: async () => (await import('./mlflow.js')).addMlflow,
  notebook: async () => (await import('./notebook.js')).addNotebook,
  datasets: async () => (await import('./datasets.js')).addDatasets,
  lab: async () => (await import('./lab.js')).addLab,
  doctor: async () => (await import('./doctor.js')).addDoctor,
} as const satisfies Record<string, Loader>;
