import type { Command } from 'commander';
import { NetloopError, number } from '../errors.js';
import { type ModelName, type ModelVersion, type Promotion, versionUnknown } from '../registry.js';
import { type Candidate, evidenceOf, evidenceText, promotedWhy, requirePassed } from '../stores/evidence.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import type { FileRegistry } from '../stores/registry-files.js';
import type { RunStore } from '../stores/run-store.js';
import { candidatesOf, type LiveSpan, liveSpans } from './evidence.js';
import { modelName } from './model-name.js';
import { openHome, openRegistry } from './ports.js';
import { renderTable } from './table.js';

const learners: readonly ModelName[] = ['behaviour', 'flow'];
const versionNumber = (text: string): number => number('version', Number(text), { min: 1, integer: true });

/** Registry and tracking store of the home, for as long as `use` takes. */
async function withStores<T>(write: boolean, use: (registry: FileRegistry, tracking: RunStore) => Promise<T>): Promise<T> {
  const { registry, close } = openRegistry({ write });
  try {
    const tracking = trackingPlace(prepareHome(openHome())).open();
    try {
      return await use(registry, tracking);
    } finally {
      tracking.close();
    }
  } finally {
    await close();
  }
}

/** `flow 3`, `flow@3`, or a run id. */
async function named(what: string, version: string | undefined, registry: FileRegistry, tracking: RunStore): Promise<readonly Candidate[]> {
  const [name = '', at = version] = what.split('@');
  if (at === undefined && !learners.includes(name as ModelName)) {
    const versions: ModelVersion[] = [];
    for (const learner of learners) versions.push(...(await registry.list(learner)));
    return candidatesOf(what, versions, tracking);
  }
  const learner = modelName(name);
  if (at === undefined) throw new NetloopError('NL_OPTION', `missing version: netloop models promote ${learner} VERSION`);
  const wanted = versionNumber(at);
  const found = (await registry.list(learner)).find((v) => v.version === wanted);
  if (!found) throw versionUnknown(learner, wanted);
  return [{ version: found, evidence: await evidenceOf(tracking, found) }];
}

interface PromoteOptions {
  readonly model?: string;
  readonly force?: boolean;
  readonly why?: string;
  readonly json?: boolean;
}

/** All or nothing: a version that the gate did not let through stops the others of its run too. */
async function promote(what: string, version: string | undefined, { model, force, why }: PromoteOptions): Promise<readonly Promotion[]> {
  if (force && !why?.trim()) throw new NetloopError('NL_OPTION', 'invalid --force: expected a reason beside it, --why "…"');
  return withStores(true, async (registry, tracking) => {
    const all = await named(what, version, registry, tracking);
    const chosen = model === undefined ? all : all.filter((c) => c.version.name === modelName(model));
    if (chosen.length === 0) throw versionUnknown(model!, `of run ${what}`);
    if (!force) for (const candidate of chosen) requirePassed(candidate, '--force --why "…" promotes it all the same');
    const done: Promotion[] = [];
    for (const { version: v, evidence } of chosen) {
      done.push(await registry.promote(v.name, v.version, promotedWhy(evidence, why?.trim() || 'by hand')));
    }
    return done;
  });
}

/** To the champion's parent, or to a version that has been live before. */
async function rollback(name: ModelName, version: string | undefined, why: string): Promise<Promotion> {
  const { registry, close } = openRegistry({ write: true });
  try {
    if (version === undefined) return await registry.rollback(name, why);
    const to = versionNumber(version);
    if ((await registry.promotions(name)).some((p) => p.to === to)) return await registry.promote(name, to, why);
    throw new NetloopError('NL_MODEL_UNKNOWN', `${name}@${to} has never been live; netloop models log ${name} shows what has`, {
      where: { model: name, version: to },
    });
  } finally {
    await close();
  }
}

const renderPromotion = ({ name, from, to, why }: Promotion): string => `${name}: ${from ?? 'none'} -> ${to} (${why})`;
const seconds = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** The audit trail as a table, oldest first. */
export function renderSpans(spans: readonly LiveSpan[]): string {
  if (spans.length === 0) return 'nothing has been live yet: npm start, or netloop run experiments/lab.yaml';
  const rows = spans.map(({ at, until, to, by, why, evidence }) => [
    seconds(at),
    until === null ? 'live' : seconds(until),
    String(to),
    by ?? '–',
    why,
    evidence?.run?.slice(0, 12) ?? '–',
    evidence === null ? 'the version has been pruned' : evidenceText(evidence),
  ]);
  return renderTable(['from (UTC)', 'until', 'version', 'by', 'why', 'run', 'gate'], rows);
}

export function addPromotions(models: Command): void {
  models
    .command('promote')
    .description("make a version the champion, or the newest of a run's that the gate let through")
    .argument('<what>', 'behaviour or flow with a version, flow@3, or a run id')
    .argument('[version]', 'a number')
    .option('--model <name>', 'of a run: this learner alone')
    .option('--force', 'also past a gate that refused or never judged it; needs --why')
    .option('--why <text>', 'recorded in the audit trail (default: by hand)')
    .option('--json', 'one JSON object; an array for a run')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop models promote flow 3 --why "fewer false alarms"\n  netloop models promote 3f2a91 --model behaviour\n  netloop models promote flow 4 --force --why "the golden set is out of date"',
    )
    .action(async (what: string, version: string | undefined, options: PromoteOptions) => {
      const done = await promote(what, version, options);
      const ofRun = version === undefined && !what.includes('@');
      process.stdout.write(options.json ? `${JSON.stringify(ofRun ? done : done[0])}\n` : `${done.map(renderPromotion).join('\n')}\n`);
    });
  models
    .command('rollback')
    .description("back to the champion's parent, or to a version that has been live before")
    .argument('<name>', 'behaviour or flow')
    .argument('[version]', 'a number')
    .option('--why <text>', 'recorded in the audit trail', 'by hand')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExamples:\n  netloop models rollback flow --why "too many false alarms"\n  netloop models rollback flow 2')
    .action(async (name: string, version: string | undefined, options: { why: string; json?: boolean }) => {
      const done = await rollback(modelName(name), version, options.why);
      process.stdout.write(`${options.json ? JSON.stringify(done) : renderPromotion(done)}\n`);
    });
  models
    .command('log')
    .description('the audit trail: what was live when, by whom, why, and what the gate had said of it')
    .argument('<name>', 'behaviour or flow')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  netloop models log flow')
    .action(async (name: string, options: { json?: boolean }) => {
      const learner = modelName(name);
      const spans = await withStores(false, async (registry, tracking) =>
        liveSpans(await registry.promotions(learner), await registry.list(learner), tracking),
      );
      process.stdout.write(`${options.json ? JSON.stringify(spans) : renderSpans(spans)}\n`);
    });
}
