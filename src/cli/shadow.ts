import type { Command } from 'commander';
import { type Code, codes, NetloopError, number } from '../errors.js';
import type { ShadowReport } from '../shadow.js';
import { renderDifferences } from './differences.js';
import { modelName } from './model-name.js';

interface Flags {
  readonly url: string;
  readonly stop?: boolean;
  readonly json?: boolean;
}
type Report = ShadowReport & { readonly summary: string };

/** Asks a service that runs. @throws NL_NOT_RUNNING, and what the service says */
async function ask(url: string, method: 'GET' | 'POST' | 'DELETE', body?: unknown): Promise<Report | null> {
  const token = process.env.NETLOOP_TOKEN;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch (cause) {
    throw new NetloopError('NL_NOT_RUNNING', `no service answers at ${new URL(url).origin}: netloop serve, or name it with --url`, {
      cause,
    });
  }
  const said = (await answer.json().catch(() => ({}))) as { shadow?: Report | null; error?: { code: string; message: string } };
  if (answer.ok && said.shadow !== undefined) return said.shadow;
  const { code = 'NL_NOT_FOUND', message = `${url} answers ${answer.status}: is it netloop?` } = said.error ?? {};
  throw new NetloopError(Object.hasOwn(codes, code) ? (code as Code) : 'NL_INTERNAL', message);
}

function render(report: Report | null, name: string): string {
  if (report === null) return `nothing is in the shadow of ${name}: netloop models shadow ${name} VERSION\n`;
  const { champion, challenger, answers, waiting, lost, summary } = report;
  if (answers === 0) return `${name}@${challenger} is ${summary}\n`;
  const table = renderDifferences({
    ...report,
    a: champion === null ? 'nothing live' : `${name}@${champion}`,
    b: `${name}@${challenger}`,
    flows: answers + waiting + lost,
  });
  return `${name}@${challenger}, ${summary}\n\n${table}`;
}

export function addShadow(models: Command): void {
  models
    .command('shadow')
    .description('of a running service: let a version answer the live flows beside the champion, and see whose alerts differ')
    .argument('<name>', 'behaviour or flow')
    .argument('[version]', 'the version to put in the shadow; without one: what was seen so far')
    .option('--url <address>', 'of the service; NETLOOP_TOKEN is its token', 'http://127.0.0.1:8000')
    .option('--stop', 'end it, and show the last report')
    .option('--json', 'one JSON object, null where nothing is in the shadow')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop models shadow flow 5\n  netloop models shadow flow\n  netloop models shadow flow --stop --json',
    )
    .action(async (given: string, version: string | undefined, { url, stop, json }: Flags) => {
      const name = modelName(given);
      if (stop && version !== undefined) throw new NetloopError('NL_OPTION', 'invalid --stop: it takes no version');
      if (!URL.canParse(url)) throw new NetloopError('NL_OPTION', `invalid --url: expected http://… or https://…, got ${url}`);
      const address = new URL(`models/${name}/shadow`, url.endsWith('/') ? url : `${url}/`).href;
      const body = version === undefined ? undefined : { version: number('version', Number(version), { min: 1, integer: true }) };
      const report = await ask(address, stop ? 'DELETE' : body ? 'POST' : 'GET', body);
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : render(report, name));
    });
}
