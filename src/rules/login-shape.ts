import type { Flow } from '../flow.js';

/** A conversation that could be a failed login: with a port known for logins, with mail (polled every minute by benign clients), with any other. */
export type Shape = 'known' | 'mail' | 'other';

interface Limits {
  /** Most payload of a failed login, bytes from the client and from the server. */
  readonly up: number;
  readonly down: number;
}

const ssh: Limits = { up: 6000, down: 4000 }; // two key exchanges' worth up; Zeek's SSH heuristic called 4,000 bytes down a success
const text: Limits = { up: 600, down: 3000 }; // a few short commands; greetings and banners come down
const database: Limits = { up: 500, down: 500 }; // a handshake and a refusal; a query and its rows are larger

/** Login services by port, with the most payload a failed login has. */
const logins: Readonly<Record<number, Limits>> = {
  21: text,
  22: ssh,
  23: text,
  25: text,
  110: text,
  143: text,
  445: { up: 3000, down: 3000 },
  587: text,
  990: { up: 3000, down: 8000 },
  1433: database,
  2121: text,
  2222: ssh,
  2323: text,
  3306: database,
  3389: { up: 6000, down: 6000 },
  5432: database,
  5900: { up: 300, down: 300 },
  6379: database,
};

const mail: ReadonlySet<number> = new Set([25, 110, 143, 587]);

/** Whether a port is known for logins of people and programs, mailboxes apart. */
export const isLoginPort = (port: number): boolean => logins[port] !== undefined && !mail.has(port);

/**
 * Services whose ordinary clients hold many short alike conversations: web and its proxies, DNS, directories, printers, queues,
 * chat (IRC clients call again and again while they are turned away). Guessing
 * against them happens inside payload, which is not read; a rule on sizes alone would accuse everybody.
 */
const neverTold: ReadonlySet<number> = new Set([
  20, 53, 80, 81, 88, 111, 123, 135, 139, 179, 194, 389, 443, 515, 554, 591, 631, 636, 853, 1080, 1883, 3128, 3268, 5000, 5060, 5222, 5228,
  5671, 5672, 5938, 6443, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 8000, 8001, 8008, 8080, 8081, 8088, 8443, 8883,
  8888, 9000, 9090, 9100, 9200, 9443, 11211, 27017,
]);

/** Whether the server spoke first, as FTP, SMTP, POP, IMAP, telnet, VNC and MySQL servers do; web and TLS clients speak first. */
const serverFirst = (history: string): boolean => {
  const up = history.indexOf('D');
  const down = history.indexOf('d');
  return down >= 0 && (up < 0 || down < up);
};

/**
 * SSH's shape on a foreign port: both sides send a key exchange of 0.5 to 2 KB, so neither says much more than the other. A TLS client
 * speaks less and is answered with certificates, or resumes and both say little.
 */
const likeKeyExchange = (flow: Flow): boolean =>
  flow.orig_bytes >= 800 && flow.resp_bytes >= 600 && flow.resp_bytes <= 2 * flow.orig_bytes && flow.orig_bytes <= 4 * flow.resp_bytes;

/** Whether a flow's port and payload sizes could be a failed login; null where not. */
export function loginShape(flow: Flow): Shape | null {
  if (flow.conn_state === 'REJ' || flow.conn_state === 'S0') return null;
  const known = logins[flow.resp_p];
  if (known !== undefined)
    return flow.orig_bytes <= known.up && flow.resp_bytes <= known.down ? (mail.has(flow.resp_p) ? 'mail' : 'known') : null;
  if (neverTold.has(flow.resp_p)) return null;
  if (serverFirst(flow.history)) return flow.orig_bytes <= ssh.up && flow.resp_bytes <= ssh.down ? 'other' : null;
  return likeKeyExchange(flow) && flow.orig_bytes <= ssh.up && flow.resp_bytes <= ssh.down ? 'other' : null;
}
