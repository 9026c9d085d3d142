import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { entryFeedback } from '../audit.js';
import { NetloopError } from '../errors.js';
import { alertFeedback, type Feedback, userFeedback, type Word } from '../feedback.js';
import { createAlertStore } from '../stores/alerts-sqlite.js';
import { createFeedbackStore } from '../stores/feedback-sqlite.js';
import { prepareHome } from '../stores/home.js';
import { homeKey } from '../stores/home-key.js';
import { createLedgerStore } from '../stores/ledger-sqlite.js';
import { readTime } from './forget.js';
import { openHome } from './ports.js';

const verdicts: Readonly<Record<string, 0 | 1>> = { attack: 1, benign: 0 };

interface Options {
  readonly why: string;
  readonly user?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly by?: string;
  readonly json?: boolean;
}

export function addLabel(program: Command): void {
  program
    .command('label')
    .description(
      'say of an alert, a flow or everything a user does that it is an attack or benign: cycles learn from it before anything else',
    )
    .argument('<what>', "an alert's id, or a flow's as `netloop audit` shows it; with --user, a user as alerts name it")
    .argument('<verdict>', 'attack or benign')
    .requiredOption('--why <text>', 'kept with the label')
    .option('--user', 'everything of this user, from --since to --until')
    .option('--since <time>', 'capture time: a date, or 1d for a day ago (default: ever)')
    .option('--until <time>', 'capture time (default: for good)')
    .option('--by <name>', 'who says so (default: the account)')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nThe narrower word wins: an alert before its user. A word on a flow counts until its window is learnt, so a service may run meanwhile.\n\nExamples:\n  netloop label 3f2a91c0d4e5b6a7 attack --why "seen in the firewall log"\n  netloop label --user 192.0.2.7 benign --why "our backup server"',
    )
    .action(async (what: string, verdict: string, { why, user, since, until, by = userInfo().username, json }: Options) => {
      if (!Object.hasOwn(verdicts, verdict)) {
        throw new NetloopError('NL_OPTION', `invalid verdict: expected attack or benign, got ${verdict}`);
      }
      const word: Word = { label: verdicts[verdict]!, why, by, at: Date.now() };
      const home = prepareHome(openHome());
      const alerts = createAlertStore(home.alerts);
      const feedback = createFeedbackStore(home.feedback);
      try {
        const key = homeKey(home);
        const ofFlow = (): Feedback => {
          const ledger = createLedgerStore(home.ledger);
          try {
            const entry = ledger.entries().findLast(({ id }) => id === what);
            if (entry) return entryFeedback(entry, word);
            throw new NetloopError(
              'NL_OPTION',
              `no alert ${what}, nor a flow: netloop serve, GET /alerts, netloop detect or netloop audit show ids`,
            );
          } finally {
            ledger.close();
          }
        };
        const ofAlert = async (): Promise<Feedback> => {
          const [alert] = (await alerts.query({ id: what, archive: 'any', limit: 1 })).alerts;
          return alert ? alertFeedback(key, alert, word) : ofFlow();
        };
        const stretch = {
          since: since === undefined ? 0 : readTime(since),
          until: until === undefined ? Number.MAX_SAFE_INTEGER : readTime(until),
        };
        const label = user ? userFeedback(key, what, stretch, word) : await ofAlert();
        await feedback.put(label);
        process.stdout.write(json ? `${JSON.stringify(label)}\n` : `${label.subject} ${what}: ${verdict}, ${why} (${by})\n`);
      } finally {
        alerts.close();
        feedback.close();
      }
    });
}
