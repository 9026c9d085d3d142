import type { Call } from './call.js';

/** `GET /webhooks`, `POST /webhooks`. The secret is never given back. */
interface Webhook {
  readonly webhook_id: string;
  readonly name: string;
  readonly url: string;
}

export interface AliasNews {
  /** Letters, digits, `.`, `_` and `-`, below 63; tells ours from others'. */
  readonly name: string;
  /** Where the server sends to. It takes https and public addresses only, unless it was started otherwise. */
  readonly url: string;
  /** What deliveries are signed with. */
  readonly secret: string;
}

const ALIAS_SET = { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' } as const;

async function* all(call: Call): AsyncGenerator<Webhook> {
  for (let page_token: string | undefined; ; ) {
    const query = { max_results: 100, page_token };
    const page = await call<{ webhooks?: Webhook[]; next_page_token?: string }>('GET', '/webhooks', { query });
    yield* page.webhooks ?? [];
    page_token = page.next_page_token || undefined;
    if (page_token === undefined) return;
  }
}

const remove = async (call: Call, id: string): Promise<void> => void (await call('DELETE', `/webhooks/${id}`));

/**
 * Asks a server to tell an address of every alias that is set, in the place of what was asked for under that name before (a process that was
 * killed takes nothing back).
 * @returns how to end it
 * @throws NL_OPTION when the server refuses the address, NL_SERVER when it has no key for secrets or does not answer
 */
export async function hearOfAliases(call: Call, { name, url, secret }: AliasNews): Promise<() => Promise<void>> {
  const before: string[] = [];
  for await (const hook of all(call)) if (hook.name === name) before.push(hook.webhook_id);
  for (const id of before) await remove(call, id);
  const body = { name, url, secret, events: [ALIAS_SET], status: 'ACTIVE', description: 'netloop puts live what is set as champion' };
  const { webhook } = await call<{ webhook: Webhook }>('POST', '/webhooks', { body });
  return () => remove(call, webhook.webhook_id);
}
