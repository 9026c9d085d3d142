import { NetloopError } from '../../errors.js';
import type { Call } from './call.js';

/** The major version whose routes netloop speaks: logged models and aliases are version 3's. */
const MAJOR = 3;

/**
 * The server's version, once it is known to be one that netloop speaks.
 * @throws NL_SERVER naming the version found and the ones expected
 */
export async function checkVersion(call: Call): Promise<string> {
  const found = Buffer.from(await call.get('/version'))
    .toString('utf8')
    .trim();
  const major = /^(\d+)\.\d+(\.\w+)*$/.exec(found)?.[1];
  if (Number(major) === MAJOR) return found;
  const what = major === undefined ? 'is not known to be MLflow' : `is MLflow ${found}`;
  throw new NetloopError(
    'NL_SERVER',
    `${call.uri} ${what}; netloop speaks to MLflow ${MAJOR}.x: take such a server, or unset MLFLOW_TRACKING_URI`,
    {
      where: { uri: call.uri, version: found.slice(0, 40) },
    },
  );
}
