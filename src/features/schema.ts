import type { FeatureName } from '../feature.js';
import { sha256 } from '../hash.js';

/** How a feature is turned into numbers: heavy tails get log(1 + x), categories one column each, flags and rates stay as they are. */
export type FeatureKind = 'numeric' | 'heavy-tail' | 'categorical' | 'binary';

export interface FeatureInfo {
  readonly name: FeatureName;
  /** KDD's number of the feature, 1 to 41. */
  readonly kdd: number;
  readonly kind: FeatureKind;
  readonly unit: string;
  readonly about: string;
}

const f = (kdd: number, name: FeatureName, kind: FeatureKind, unit: string, about: string): FeatureInfo => ({
  name,
  kdd,
  kind,
  unit,
  about,
});

/** The 28 header-derived features in KDD's order. "Window" is 2 s, "host window" the last 256 connections to the same destination. */
export const features: readonly FeatureInfo[] = [
  f(1, 'duration', 'heavy-tail', 's', 'first to last packet'),
  f(2, 'protocol_type', 'categorical', '', 'tcp, udp, icmp'),
  f(3, 'service', 'categorical', '', "KDD's name of the responder's port"),
  f(4, 'flag', 'categorical', '', 'connection state'),
  f(5, 'src_bytes', 'heavy-tail', 'bytes', 'payload from the originator'),
  f(6, 'dst_bytes', 'heavy-tail', 'bytes', 'payload from the responder'),
  f(7, 'land', 'binary', '', '1 when both ends are the same address and port'),
  f(8, 'wrong_fragment', 'heavy-tail', 'fragments', 'fragments with a wrong checksum, overlap or hole'),
  f(9, 'urgent', 'heavy-tail', 'packets', 'packets with the URG flag'),
  f(23, 'count', 'heavy-tail', 'connections', 'to the same host in the window, at most 511'),
  f(24, 'srv_count', 'heavy-tail', 'connections', 'to the same service in the window, at most 511'),
  f(25, 'serror_rate', 'numeric', 'share', 'of count with a SYN error'),
  f(26, 'srv_serror_rate', 'numeric', 'share', 'of srv_count with a SYN error'),
  f(27, 'rerror_rate', 'numeric', 'share', 'of count rejected or reset'),
  f(28, 'srv_rerror_rate', 'numeric', 'share', 'of srv_count rejected or reset'),
  f(29, 'same_srv_rate', 'numeric', 'share', 'of count to the same service'),
  f(30, 'diff_srv_rate', 'numeric', 'share', 'different services / count, 0 with one service'),
  f(31, 'srv_diff_host_rate', 'numeric', 'share', 'different hosts / srv_count, 0 with one host'),
  f(32, 'dst_host_count', 'numeric', 'connections', 'in the host window, at most 255'),
  f(33, 'dst_host_srv_count', 'numeric', 'connections', 'to the same service in the host window and what fills it up, at most 255'),
  f(34, 'dst_host_same_srv_rate', 'numeric', 'share', 'of dst_host_count to the same service'),
  f(35, 'dst_host_diff_srv_rate', 'numeric', 'share', 'different services / dst_host_count, 0 with one service'),
  f(36, 'dst_host_same_src_port_rate', 'numeric', 'share', 'of dst_host_count from the same source port'),
  f(37, 'dst_host_srv_diff_host_rate', 'numeric', 'share', 'different hosts / dst_host_srv_count, 0 with one host'),
  f(38, 'dst_host_serror_rate', 'numeric', 'share', 'of dst_host_count with a SYN error'),
  f(39, 'dst_host_srv_serror_rate', 'numeric', 'share', 'of dst_host_srv_count with a SYN error'),
  f(40, 'dst_host_rerror_rate', 'numeric', 'share', 'of dst_host_count rejected or reset'),
  f(41, 'dst_host_srv_rerror_rate', 'numeric', 'share', 'of dst_host_srv_count rejected or reset'),
];

export const featureNames: readonly FeatureName[] = features.map((x) => x.name);

/** KDD's content features 10-22, left out: each needs the payload of a session, which netloop never reads, stores or sees (TLS, SSH). */
export const contentFeatures: readonly { readonly name: string; readonly kdd: number; readonly reason: string }[] = [
  'hot',
  'num_failed_logins',
  'logged_in',
  'num_compromised',
  'root_shell',
  'su_attempted',
  'num_root',
  'num_file_creations',
  'num_shells',
  'num_access_files',
  'num_outbound_cmds',
  'is_host_login',
  'is_guest_login',
].map((name, i) => ({ name, kdd: 10 + i, reason: 'content feature: payload is never read' }));

/** SHA-256 of the features' names and kinds in order: models and encoders with another hash read other rows. */
export const schemaHash: string = sha256(features.map((x) => `${x.name}:${x.kind}`).join('\n'));
