import { join } from 'node:path';
import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import { flowKey, userKey } from '../feedback.js';
import { type Erased, type Erasure, forget } from '../forget.js';
import { namesEntry } from '../ledger.js';
import type { ModelName } from '../registry.js';
import { type Learnt, learntSince, retrain } from '../retrain.js';
import { createAlertStore } from '../stores/alerts-sqlite.js';
import { appendDurably } from '../stores/durable-file.js';
import { createFeedbackStore } from '../stores/feedback-sqlite.js';
import { holdFileLock } from '../stores/file-lock.js';
import { prepareHome } from '../stores/home.js';
import { homeKey } from '../stores/home-key.js';
import { createJournal } from '../stores/journal-sqlite.js';
import { createKeptWindows } from '../stores/kept-windows.js';
import { createLedgerStore } from '../stores/ledger-sqlite.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { trainInWorker } from '../workers/train.js';
import { interruptSignal } from './interrupt.js';
import { openHome } from './ports.js';

const learners: readonly ModelName[] = ['flow', 'behaviour'];
const HOW = '--before: expected a date such as 2026-01-31 or 2026-01-31T12:00:00Z, or days such as 30d';

/** A time as people write it, in microseconds since the epoch. @throws NL_OPTION */
export function readTime(text: string, now = Date.now()): number {
  const days = /^(\d+)d$/.exec(text);
  const ms = days ? now - Number(days[1]) * 86_400_000 : Date.parse(text);
  if (Number.isNaN(ms)) throw new NetloopError('NL_OPTION', `invalid ${HOW}, got ${text}`);
  return ms * 1000;
}

/** What was erased, what stays in weights, and what was learnt again. The user is named by keyed id only. */
interface Receipt {
  readonly at: string;
  readonly asked: Record<string, string>;
  readonly dry_run: boolean;
  readonly erased: Erased;
  /** Versions that learnt from such rows: their weights cannot unlearn them. */
  readonly lasting: Readonly<Record<ModelName, readonly number[]>>;
  readonly retrained: Readonly<Record<ModelName, { readonly from: number | null; readonly versions: readonly number[] }>> | null;
}

const both = async <T>(of: (name: ModelName) => Promise<T>): Promise<Record<ModelName, T>> => ({
  flow: await of('flow'),
  behaviour: await of('behaviour'),
});

function render({ dry_run, erased, lasting, retrained }: Receipt): string {
  const { ledger, reservoir, golden, windows, feedback, alerts } = erased;
  const would = dry_run ? 'would erase' : 'erased';
  const lines = [
    `${would}: ${ledger} labels of the ledger, ${windows.rows} flows of kept windows (${windows.windows} whole windows), ${feedback} labels of people, ${alerts} alerts`,
    ...learners.map((name) => `${name}: ${reservoir[name]} rows of the reservoir, ${golden[name]} of the golden set`),
    ...learners
      .filter((name) => lasting[name].length > 0)
      .map((name) => `cannot be undone: ${name} ${lasting[name].join(', ')} learnt from such rows, and their weights stay as they are`),
  ];
  if (retrained) {
    for (const name of learners.filter((name) => lasting[name].length > 0)) {
      const { from, versions } = retrained[name];
      lines.push(
        from === null
          ? `${name}: no version is older than those; replay a recording, import a model or label rows for a new lineage`
          : `${name}: ${from} is live again, learnt anew from kept windows: ${versions.join(', ') || 'none were kept, so its next cycle goes on from there'}`,
      );
    }
  }
  return lines.join('\n');
}

export function addForget(program: Command): void {
  program
    .command('forget')
    .description('erase rows of a user, a version, a rule or a time from ledger, reservoir, golden set and kept windows')
    .option('--user <name>', "as alerts name it: user id or source address; erases the user's alerts and people's labels too")
    .option('--version <v>', 'what this version labelled, e.g. flow@3')
    .option('--rule <name>', 'what this rule labelled, e.g. port-scan')
    .option('--before <time>', 'what was seen before: a date, or 30d for thirty days ago')
    .option('--retrain', 'go back to the last version that learnt from none of it, and learn again from what is left of kept windows')
    .option('--dry-run', 'count only')
    .option('--json', 'one JSON object: the receipt')
    .addHelpText(
      'after',
      '\nAll that is given must hold. The receipt is kept in .netloop/forgotten.jsonl.\n\nExamples:\n  netloop forget --user 192.0.2.7 --dry-run\n  netloop forget --version flow@5 --retrain\n  netloop forget --rule port-scan --before 30d --json',
    )
    .action(
      async (o: {
        user?: string;
        version?: string;
        rule?: string;
        before?: string;
        retrain?: boolean;
        dryRun?: boolean;
        json?: boolean;
      }) => {
        const before = o.before === undefined ? undefined : readTime(o.before);
        const erasure: Erasure = { user: o.user, version: o.version, rule: o.rule, before };
        const home = prepareHome(openHome());
        const release = await holdFileLock(`${home.state}/learner.lock`, { wait: 0 }); // a service would write old rows back
        const key = homeKey(home);
        const alerts = createAlertStore(home.alerts);
        const ledger = createLedgerStore(home.ledger);
        const feedback = createFeedbackStore(home.feedback);
        const journal = createJournal(home.journal);
        try {
          const trusted = createTrustedFiles(home.trusted);
          const windows = createKeptWindows(home.windows);
          const registry = createFileRegistry({ dir: home.models });
          const user = o.user === undefined ? undefined : userKey(key, o.user);
          const named = ledger.entries().filter((e) => namesEntry({ user, version: o.version, rule: o.rule, until: before }, e));
          const dryRun = o.dryRun === true;
          const erased = await forget(erasure, { key, trusted, ledger, windows, feedback, alerts }, { dryRun });
          const learnt = await both(async (name): Promise<Learnt> => {
            const rows = named.filter(({ learner }) => learner === name);
            const own = erased.reservoir[name] > 0; // the first champion and all after it have learnt from these
            const since = own ? 0 : rows.reduce((t, { ts }) => Math.min(t, ts), Number.POSITIVE_INFINITY);
            const labeller = o.version?.startsWith(`${name}@`) ? Number(o.version.slice(name.length + 1)) : 0;
            return learntSince(name, since, journal, registry, labeller);
          });
          const asked: Record<string, string> = {
            ...(user === undefined ? {} : { user }),
            ...(o.version === undefined ? {} : { version: o.version }),
            ...(o.rule === undefined ? {} : { rule: o.rule }),
            ...(before === undefined ? {} : { before: new Date(before / 1000).toISOString() }),
          };
          const why = `forgot ${JSON.stringify(asked)}`;
          const again = async (name: ModelName) => {
            const records = await retrain(name, learnt[name], why, {
              registry,
              journal,
              trusted,
              windows,
              train: (model, batch, options) => trainInWorker({ model, batch, options }),
              signal: interruptSignal(),
              keys: { flow: (flow) => flowKey(key, flow), user: (id) => id }, // kept windows bear keyed users already
            });
            return { from: learnt[name].good, versions: records.flatMap(({ version }) => version ?? []) };
          };
          const receipt: Receipt = {
            at: new Date().toISOString(),
            asked,
            dry_run: dryRun,
            erased,
            lasting: { flow: learnt.flow.versions, behaviour: learnt.behaviour.versions },
            retrained: o.retrain && !dryRun ? await both(again) : null,
          };
          if (!dryRun) appendDurably(join(home.state, 'forgotten.jsonl'), `${JSON.stringify(receipt)}\n`);
          process.stdout.write(`${o.json ? JSON.stringify(receipt) : render(receipt)}\n`);
        } finally {
          for (const store of [alerts, ledger, feedback, journal]) store.close();
          release();
        }
      },
    );
}
