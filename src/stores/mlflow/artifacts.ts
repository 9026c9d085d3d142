import { NetloopError } from '../../errors.js';
import type { Call } from './call.js';

/** Files of a server that serves them itself (`--serve-artifacts`, its default). `uri` is a run's or a logged model's artifact_uri. */
export interface Artifacts {
  put(uri: string, path: string, bytes: Uint8Array | string): Promise<void>;
  get(uri: string, path: string): Promise<Uint8Array>;
  /** Paths of all files below, sorted. */
  list(uri: string): Promise<readonly string[]>;
}

const API = '/api/2.0/mlflow-artifacts/artifacts';

export function createArtifacts(call: Call): Artifacts {
  /** The server's own place for a folder. */
  function root(uri: string): string {
    const found = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/.exec(uri)?.[1];
    if (found) return found;
    throw new NetloopError(
      'NL_SERVER',
      `MLflow at ${call.uri} keeps files at ${uri} and does not serve them: start it with --serve-artifacts`,
      {
        where: { uri },
      },
    );
  }
  const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

  async function list(folder: string, under: string): Promise<string[]> {
    const query = new URLSearchParams({ path: under === '' ? folder : `${folder}/${under}` });
    const { files = [] } = JSON.parse(Buffer.from(await call.get(`${API}?${query}`)).toString('utf8')) as {
      files?: { path: string; is_dir: boolean }[];
    };
    const nested = files.map(({ path, is_dir }) => {
      const below = `${under === '' ? '' : `${under}/`}${path.split('/').at(-1)}`;
      return is_dir ? list(folder, below) : [below];
    });
    return (await Promise.all(nested)).flat();
  }
  return {
    put: async (uri, path, bytes) => call.put(`${API}/${encoded(`${root(uri)}/${path}`)}`, bytes),
    get: async (uri, path) => call.get(`${API}/${encoded(`${root(uri)}/${path}`)}`),
    list: async (uri) => (await list(root(uri), '')).sort(),
  };
}
