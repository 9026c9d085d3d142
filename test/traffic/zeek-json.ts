import { writeFileSync } from 'node:fs';
import { makeFlows } from './flows.js';

/** Writes the seeded flows as a Zeek JSON conn.log with truth labels, or without: a real file for what reads files. */
export function writeZeekJson(
  file: string,
  { labels = true, ...options }: Parameters<typeof makeFlows>[0] & { labels?: boolean } = {},
): void {
  const lines = makeFlows(options).map((f, i) =>
    JSON.stringify({
      ts: f.ts / 1e6,
      uid: `C${i}`,
      'id.orig_h': f.orig_h,
      'id.orig_p': f.orig_p,
      'id.resp_h': f.resp_h,
      'id.resp_p': f.resp_p,
      proto: f.proto,
      service: f.service,
      duration: f.duration / 1e6,
      orig_bytes: f.orig_bytes,
      resp_bytes: f.resp_bytes,
      conn_state: f.conn_state,
      history: f.history,
      orig_pkts: f.orig_pkts,
      orig_ip_bytes: f.orig_ip_bytes,
      resp_pkts: f.resp_pkts,
      resp_ip_bytes: f.resp_ip_bytes,
      ...(labels ? { label: f.label === 1 ? 'Malicious' : 'Benign' } : {}),
    }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
}
