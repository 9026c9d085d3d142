import Ajv2020 from 'ajv/dist/2020.js';
import { expect } from 'vitest';

type Operation = { responses: Record<string, { content?: Record<string, { schema: object }> }> };
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire, checked against the document
  readonly json: any;
}

/** Calls a service, and holds every answer against its own OpenAPI document. */
export async function createCaller(url: string, token?: string) {
  const auth = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const document = (await (await fetch(`${url}/docs/json`, { headers: auth })).json()) as Document;
  const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
  const operationOf = (method: string, path: string): Operation | undefined => {
    const found = Object.entries(document.paths).find(([pattern]) =>
      new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0]!),
    );
    return found?.[1][method.toLowerCase()];
  };
  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      headers: { ...auth, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const json = type === 'application/json' && text !== '' ? (JSON.parse(text) as unknown) : null;
    const operation = operationOf(method, path);
    if (operation && response.status !== 304 && response.status !== 401) {
      const declared = operation.responses[response.status];
      expect(declared, `${method} ${path}: ${response.status} is not declared: ${text}`).toBeDefined();
      const schema = declared!.content?.[type]?.schema;
      expect(schema, `${method} ${path}: ${type} is not declared`).toBeDefined();
      if (json !== null) expect(ajv.validate(schema!, json), `${method} ${path}: ${ajv.errorsText()} ${text.slice(0, 300)}`).toBe(true);
    }
    return { status: response.status, headers: response.headers, text, json };
  }
  return { document, call };
}
