import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { NetloopError } from '../errors.js';

/** Where degradation is told to: from the operator's file only, never from a request. */
export interface Webhook {
  readonly url: string;
  /** Seconds one try may take, and tries after the first. */
  readonly timeout: number;
  readonly retries: number;
}

const shape = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }),
        timeout: z.number().min(0.1).max(60).default(5),
        retries: z.number().int().min(0).max(10).default(3),
      }),
    )
    .max(20)
    .default([]),
});

/**
 * Reads `{"webhooks": [{"url": "https://…", "timeout": 5, "retries": 3}]}`; a file that is not there names none.
 * @throws NL_SPEC when it is damaged or holds anything else
 */
export function readWebhooks(file: string): readonly Webhook[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new NetloopError('NL_SPEC', `${file}: cannot be read`, { cause });
  }
  try {
    return shape.parse(JSON.parse(text)).webhooks;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON';
    throw new NetloopError('NL_SPEC', `${file}: expected {"webhooks": [{"url": …, "timeout": seconds, "retries": n}]}: ${why}`, { cause });
  }
}

/** Tells every webhook, each at its own pace. */
export interface Teller {
  /** Returns at once; what cannot be delivered is counted and told to `onFailure`. */
  tell(message: Readonly<Record<string, unknown>>): void;
  failures(): number;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/** Messages that may wait: more are lost, and counted. */
const MOST_WAITING = 100;

/**
 * Posts JSON; a try that times out, is refused or answered by 5xx or 429 is made again after 1, 2, 4, … times `pause` ms. Redirects are not
 * followed.
 */
export function createTeller({
  webhooks,
  pause = 1000,
  onFailure = () => {},
}: {
  readonly webhooks: readonly Webhook[];
  readonly pause?: number;
  readonly onFailure?: (url: string, why: string) => void;
}): Teller {
  const stop = new AbortController();
  const waiting = new Set<Promise<void>>();
  let failures = 0;

  /** Null when it was delivered, else why not and whether another try may help. */
  async function attempt({ url, timeout }: Webhook, body: string): Promise<{ readonly why: string; readonly again: boolean } | null> {
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(timeout * 1000)]);
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        redirect: 'manual',
        signal,
      });
      await answer.body?.cancel();
      if (answer.ok) return null;
      return { why: `it answered ${answer.status}`, again: answer.status >= 500 || answer.status === 429 };
    } catch (error) {
      const { name, message, cause } = error as Error & { cause?: { code?: string } };
      return { why: name === 'TimeoutError' ? `no answer within ${timeout} s` : (cause?.code ?? message), again: true };
    }
  }

  async function deliver(webhook: Webhook, body: string): Promise<void> {
    let why = '';
    for (let tried = 0; tried <= webhook.retries && !stop.signal.aborted; tried++) {
      if (tried > 0) await sleep(pause * 2 ** (tried - 1), undefined, { signal: stop.signal }).catch(() => {});
      const failed = await attempt(webhook, body);
      if (failed === null) return;
      why = failed.why;
      if (!failed.again) break;
    }
    failures++;
    onFailure(webhook.url, why);
  }

  return {
    tell(message) {
      const body = JSON.stringify(message);
      for (const webhook of webhooks) {
        if (waiting.size >= MOST_WAITING) {
          failures++;
          onFailure(webhook.url, `${MOST_WAITING} messages are waiting`);
          continue;
        }
        const sending = deliver(webhook, body).finally(() => waiting.delete(sending));
        waiting.add(sending);
      }
    },
    failures: () => failures,
    async close() {
      stop.abort();
      await Promise.allSettled(waiting);
    },
  };
}
