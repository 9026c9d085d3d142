import { NetloopError, number } from '../errors.js';
import { type AddressPrivacy, addressPrivacies } from '../privacy.js';
import { MLFLOW_PATH } from '../service/mlflow-routes.js';

/** What the environment says of a service. */
export interface ServiceSettings {
  readonly token?: string;
  readonly readToken?: string;
  /** A hub's PostgreSQL; absent: SQLite, one site. */
  readonly database?: string;
  readonly privacy: AddressPrivacy;
  readonly retentionDays?: number;
  readonly hub?: { readonly url: string; readonly key: string };
  /** Where the MLflow server is to tell of aliases; absent: it is asked. */
  readonly webhook?: string;
}

/** The names, for --help. */
export const settingsHelp = `
Environment:
  NETLOOP_TOKEN            the token that may do everything; needed beyond this machine
  NETLOOP_READ_TOKEN       a second token, for looking only
  NETLOOP_DATABASE_URL     PostgreSQL of a hub of many deployments, for any number of replicas (default: SQLite, one site)
  NETLOOP_HUB              address of the hub that this site sends its alerts to and takes champions from (or --hub)
  NETLOOP_HUB_KEY          its key there, as POST /deployments/NAME gave it
  NETLOOP_PRIVACY          what is done with addresses everywhere: ${addressPrivacies.join(' | ')} (default keep)
  NETLOOP_MLFLOW_WEBHOOK   this service's address as the MLflow server of MLFLOW_TRACKING_URI reaches it: a champion set on MLflow's
                           page is live at once (default: within two seconds, by asking)
  NETLOOP_RETENTION_DAYS   days after which rows of traffic are erased (default: only caps erase)`;

/**
 * Reads the settings of a service.
 * @throws NL_OPTION
 */
export function readServiceSettings(env: Readonly<Record<string, string | undefined>>, hubUrl: string | undefined): ServiceSettings {
  const given = (name: string): string | undefined => env[name] || undefined;
  const privacy = given('NETLOOP_PRIVACY') ?? 'keep';
  const mode = addressPrivacies.find((known) => known === privacy || (known === 'pseudonym' && privacy === 'pseudonymise'));
  if (!mode) throw new NetloopError('NL_OPTION', `invalid NETLOOP_PRIVACY: expected one of ${addressPrivacies.join(', ')}, got ${privacy}`);
  const days = given('NETLOOP_RETENTION_DAYS');
  const url = hubUrl ?? given('NETLOOP_HUB');
  const key = given('NETLOOP_HUB_KEY');
  if (url !== undefined && key === undefined) {
    throw new NetloopError(
      'NL_OPTION',
      'invalid --hub: a hub asks for a key: set NETLOOP_HUB_KEY to what POST /deployments/NAME gave there',
    );
  }
  const webhook = given('NETLOOP_MLFLOW_WEBHOOK');
  if (webhook !== undefined && !(URL.canParse(webhook) && /^https?:$/.test(new URL(webhook).protocol))) {
    throw new NetloopError('NL_OPTION', `invalid NETLOOP_MLFLOW_WEBHOOK: expected http://… or https://…, got ${webhook}`);
  }
  if (webhook !== undefined && !given('MLFLOW_TRACKING_URI')) {
    throw new NetloopError(
      'NL_OPTION',
      'invalid NETLOOP_MLFLOW_WEBHOOK: no server tells without MLFLOW_TRACKING_URI; set both, or neither',
    );
  }
  const database = given('NETLOOP_DATABASE_URL');
  if (database !== undefined && url !== undefined) {
    throw new NetloopError('NL_OPTION', 'invalid --hub: a replica of a hub (NETLOOP_DATABASE_URL) belongs to no other hub');
  }
  return {
    token: given('NETLOOP_TOKEN'),
    readToken: given('NETLOOP_READ_TOKEN'),
    database,
    privacy: mode,
    webhook: webhook === undefined ? undefined : new URL(MLFLOW_PATH.slice(1), webhook.endsWith('/') ? webhook : `${webhook}/`).href,
    retentionDays: days === undefined ? undefined : number('NETLOOP_RETENTION_DAYS', Number(days), { min: 1 / 24, max: 36_500 }),
    hub: url === undefined ? undefined : { url, key: key! },
  };
}
