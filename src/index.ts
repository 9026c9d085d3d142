// netloop's public door: every public name, in the order of the walk. Notebooks, service and command line come in here.

// Rules and alerts.
export {
  type Alert,
  type AlertArchive,
  type AlertFilter,
  type AlertPage,
  type AlertQuery,
  type AlertSource,
  type AlertStats,
  type AlertStore,
  type ArchiveRecord,
  createMemoryAlertStore,
  implicates,
  isAttempt,
  type Scope,
  type StoredAlert,
} from './alert.js';
// Packets -> flows.
export {
  type CaptureLoss,
  createFlowTable,
  type FlowCounters,
  type FlowTable,
  type FlowTableOptions,
  type Timeouts,
  zeekTimeouts,
} from './assemble.js';
// Labels that people check.
export { AUDITS, type AuditedNoise, auditedNoise, drawAudit } from './audit.js';
// Judging: metrics, baselines, drift, the gate.
export { type Baselines, type Contender, contenders, createScoreboard, fitBaselines, type Scores, scoreContenders } from './baseline.js';
// Evidence -> labels.
export { calibrationError, fitTemperature, withTemperature } from './calibrate.js';
// Many runs: sweeps, the same run again, why two runs differ.
export { type ComparedRow, type ComparedSection, type ComparedValue, type Comparison, compareRuns } from './compare.js';
export { type Credibility, fitCredibility } from './conformal.js';
// Two versions on the same traffic, alert by alert.
export { type Counterfactual, type CounterfactualOptions, createCounterfactual } from './counterfactual.js';
// Watching, and learning from a window, cycle by cycle.
export { type CycleJob, type CyclePorts, type CycleRecord, type CycleResult, runCycle, type Train, type Trusted } from './cycle.js';
// Bytes -> packets.
export { createDecoder, type Decoder, decode } from './decode.js';
export {
  createDetector,
  type Detector,
  type DetectorOptions,
  type Scored,
  type Step,
  type SwapLatency,
  type SwapRecord,
} from './detector.js';
export {
  type AlertDifference,
  type AlertDifferences,
  createDifferenceTally,
  type DifferenceOptions,
  type DifferenceTally,
} from './difference.js';
export { type Adwin, createAdwin } from './drift/adwin.js';
export type { DriftDetector } from './drift/detector.js';
export { createKswin, type KswinOptions } from './drift/kswin.js';
export { createPageHinkley } from './drift/page-hinkley.js';
export { psi, scoreHistogram } from './drift.js';
export { type DrillCycle, type DrillReport, learningGain, type Poison, type PoisonKind, poisonSteps, runDrill } from './drill.js';
// Flows -> KDD rows -> numbers.
export { type Encoder, type EncoderFile, encode, encoderFile, fitEncoder, loadEncoder } from './encoder.js';
// Ground floor: coded errors, seeded dice, own functions with fixed bits.
export { type Code, codes, isNetloopError, NetloopError, type Where } from './errors.js';
export { applyStump, averagePrecision, evaluate, fitStump, type Metrics, measure, metricEntries, type Stump } from './evaluate.js';
// The walk, and experiments over it.
export {
  type ExperimentPorts,
  type ExperimentReport,
  runExperiment,
  specParams,
  type TimedCycle,
  type TrustedStore,
} from './experiment.js';
export type { FeatureName, FeatureRow } from './feature.js';
export { type FlowRecord, featureColumns, flowColumns, flowRecord, recordColumns } from './features/record.js';
export { contentFeatures, type FeatureInfo, type FeatureKind, featureNames, features, schemaHash } from './features/schema.js';
export { createFeaturizer, type Featurizer, type FeaturizerOptions, gureKdd } from './featurize.js';
// What people said of alerts, flows and users.
export {
  alertFeedback,
  alertKey,
  createFeedback,
  type Feedback,
  type FeedbackFilter,
  type FeedbackStore,
  flowFeedback,
  flowKey,
  readFeedback,
  userFeedback,
  userKey,
  type Word,
} from './feedback.js';
export type { FirstModel, FirstShape } from './first-model.js';
export {
  type ArpEvent,
  type ConnState,
  connStates,
  type Flow,
  type FlowEnd,
  type FlowEvent,
  type TrafficEvent,
  userOf,
} from './flow.js';
export { type Forest, type ForestOptions, growForest } from './forest.js';
// Erasing rows of a user, a version, a rule or a time from every place that holds any.
export { type Erased, type Erasure, forget, type Places } from './forget.js';
export { type Check, decide, type GateSettings, guardedGate, type Judged, plainGate, type Verdict } from './gate.js';
export { createGuard, type Guard, type GuardOptions } from './guard.js';
export { canonical, sha256 } from './hash.js';
// The ports, each with its memory twin.
export { CYCLE_STATES, type CycleEntry, type CycleJournal, type CycleStart, type CycleState, createMemoryJournal } from './journal.js';
// What cycles saw, kept for a rerun.
export { createWindows, type KeptWindow, keptWindow, type WindowFilter, type WindowStore } from './kept-window.js';
export {
  checkPolicy,
  type Evidence,
  guardedPolicy,
  type Label,
  type LabelPolicy,
  type LabelQuality,
  type LabelSource,
  label,
  labelQuality,
  labelSources,
  plainPolicy,
} from './label.js';
export { createLearner, type Learner, type LearnerOptions, type LearnerStatus } from './learner.js';
export { createLedger, type Ledger, type LedgerEntry, type LedgerFilter } from './ledger.js';
export { buildLesson, type LearnerSettings, type Lesson, labelWindow, type Window } from './lesson.js';
// Models.
export type {
  Architecture,
  Batch,
  BatchProgress,
  EarlyStopping,
  EpochRecord,
  LabelledBatch,
  Model,
  ModelFile,
  Schedule,
  Team,
  TrainOptions,
  TrainReport,
} from './model.js';
export { createModel, loadModel } from './networks/load.js';
export { type AlertLesson, type AlertReader, createAlertReader } from './others.js';
export { type Fault, type Ignored, ipProtocols, type LinkType, linkTypes, type Malformed, type Packet } from './packet.js';
export { type AddressPrivacy, addressPrivacies, createMask, keyedId, type Mask, maskAddress } from './privacy.js';
export { answerSample, drawQuestions, type Question, type QuestionOptions } from './questions.js';
export { createRandom, permutation, type Random } from './random.js';
export { recoverCycles } from './recover.js';
export { createMemoryRegistry, type ModelName, type ModelVersion, type Promotion, type Registry } from './registry.js';
export { type Divergence, judgeRerun, type RecordedRun, type RerunStep, type RerunVerdict, rerunSteps } from './rerun.js';
export { rerunWindows, type WindowPorts } from './rerun-windows.js';
export type { Rule } from './rule.js';
export { createRules, type RuleOptions } from './rules/all.js';
export {
  encodeSamples,
  flowSamples,
  hashBatch,
  joinRows,
  type Sample,
  type Split,
  sampleRows,
  sequenceSamples,
  splitByTime,
  takeRows,
} from './samples.js';
// A user's flows -> sequences.
export {
  buildSequences,
  createSequencer,
  type Sequence,
  type SequenceCount,
  type Sequencer,
  type SequenceSettings,
  sequenceDefaults,
  sequenceLabel,
  sequencesOf,
  strideOf,
} from './sequence.js';
// A challenger beside the live detector.
export { createShadow, type Shadow, type ShadowOptions, type ShadowReport, shadowText } from './shadow.js';
export type { Damage, Flows, Frames, ReadOptions, Source } from './source.js';
export { mergeSpecs, resolveSpec, type Spec, type SpecInput, setPath, specSchema } from './spec.js';
export { fitSubspace, type Subspace } from './subspace.js';
export { type Engine, planSweep, type SweepPlan, type Trial, trialId } from './sweep.js';
export {
  createMemoryTracking,
  type DatasetInput,
  type Metric,
  type RunFilter,
  type RunInfo,
  type RunLog,
  type RunStart,
  type Tracking,
} from './tracking.js';
export { createTraffic, type Traffic, type TrafficOptions } from './traffic.js';
export { forgetRows, type Origins, type RowFilter } from './trusted.js';
export { type Pupil, type WalkOptions, type WalkProgress, type WalkReport, walk } from './walk.js';
export { fitWitness, type Testimony, type Witness, type WitnessOptions } from './witness.js';

// --- the edge: disk, network, process, clock ---

// Where trials run.
export { createPoolEngine } from './engines/pool.js';
export { createProcessEngine } from './engines/process.js';
export { runTrials, type TrialResult, type TrialsOptions } from './engines/trials.js';
// Recording a lab of one's own.
export { type LabProgress, type LabReport, type LabRequirements, labRequirements, type RecordOptions, recordLab } from './lab/record.js';
// Where traffic comes from.
export {
  type ImportedFile,
  importDataset,
  type ListedDataset,
  listDatasets,
  type VerifiedFile,
  verifyDatasets,
} from './sources/datasets.js';
export { createTruth, type FlowTruth, formatTruth, openTruth, parseTruth, type TruthRow } from './sources/flow-truth.js';
export { type FollowOptions, openGrowing } from './sources/follow.js';
export { hashFile } from './sources/hash-file.js';
export { interfaces, type LinkState, linkState } from './sources/interfaces.js';
export { type LiveOptions, openLive } from './sources/live.js';
export { openSource, openSources, type SourceOptions, type SourceSpec } from './sources/open.js';
export { openCapture, openFrames } from './sources/pcap-file.js';
export { type SortOptions, sortFlows } from './sources/sort-flows.js';
export { loadSpec } from './sources/spec-file.js';
// Where things are kept.
export { createAlertStore } from './stores/alerts-sqlite.js';
export { type Audits, openAudits } from './stores/audits.js';
export { codeFiles } from './stores/code-files.js';
export { environmentTags } from './stores/environment.js';
export { createFeedbackStore } from './stores/feedback-sqlite.js';
export { type FlowFormat, type FlowWriter, flowFormats, openFlowWriter } from './stores/flow-writer.js';
export { findHome, type Home, prepareHome } from './stores/home.js';
export { homeKey } from './stores/home-key.js';
export { createJournal } from './stores/journal-sqlite.js';
export { createKeptWindows } from './stores/kept-windows.js';
export { type ReadKerasOptions, readKeras } from './stores/keras/read.js';
export { importedVersion, kerasCopies } from './stores/keras/versions.js';
export { kerasFile, kerasH5 } from './stores/keras/write.js';
export { createLedgerStore } from './stores/ledger-sqlite.js';
export { type ServerSettings, serverSettings } from './stores/mlflow/settings.js';
export { createServerTracking, type ServerOptions } from './stores/mlflow/tracking.js';
export { type TrackingPlace, trackingPlace } from './stores/open-tracking.js';
export { readRun } from './stores/recorded-run.js';
export { createFileRegistry, type FileRegistry } from './stores/registry-files.js';
export type { MetricPoint, RunStore } from './stores/run-store.js';
export { createSpooledTracking } from './stores/spool.js';
export { type FromTfjsOptions, fromTfjs, type TfjsLayers } from './stores/tfjs/convert.js';
export { createEmbeddedTracking, type EmbeddedTracking } from './stores/tracking-embedded.js';
export { createTrustedFiles } from './stores/trusted-files.js';
// Training, and whole cycles, beside detection.
export { runCycleInWorker } from './workers/cycle.js';
export { createTeam, type ThreadTeam } from './workers/team.js';
export { trainInWorker, type WorkerTraining } from './workers/train.js';
