import type { FeatureName } from '../feature.js';

/** The 41 columns of NSL-KDD and KDD-99, in their order. `null`: one of the 13 content features (10-22), which need payload and are dropped. */
export const kddColumns: readonly { readonly name: string; readonly feature: FeatureName | null }[] = (
  'duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent ' +
  '-hot -num_failed_logins -logged_in -num_compromised -root_shell -su_attempted -num_root -num_file_creations -num_shells ' +
  '-num_access_files -num_outbound_cmds -is_host_login -is_guest_login ' +
  'count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate ' +
  'dst_host_count dst_host_srv_count dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate ' +
  'dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate'
)
  .split(' ')
  .map((name) => (name.startsWith('-') ? { name: name.slice(1), feature: null } : { name, feature: name as FeatureName }));

export type KddClass = 'normal' | 'dos' | 'probe' | 'r2l' | 'u2r' | 'unknown';

const attacks: Readonly<Record<Exclude<KddClass, 'normal' | 'unknown'>, string>> = {
  dos: 'back land neptune pod smurf teardrop apache2 udpstorm processtable mailbomb worm',
  probe: 'ipsweep nmap portsweep satan mscan saint',
  r2l: 'ftp_write guess_passwd imap multihop phf spy warezclient warezmaster sendmail named snmpgetattack snmpguess xlock xsnoop httptunnel',
  u2r: 'buffer_overflow loadmodule perl rootkit ps sqlattack xterm',
};
const classOf = new Map<string, KddClass>([['normal', 'normal']]);
for (const [kind, names] of Object.entries(attacks)) for (const name of names.split(' ')) classOf.set(name, kind as KddClass);

/**
 * The class of an attack's name (Tavallaee et al. 2009, train and test sets), with or without KDD-99's trailing dot.
 * @example kddClass('smurf.')  // 'dos'
 */
export const kddClass = (name: string): KddClass => classOf.get(name.replace(/\.$/, '')) ?? 'unknown';
