import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { NetloopError } from '../errors.js';
import { mergeSpecs } from '../spec.js';

/**
 * An experiment file with everything it extends, not yet checked: `extends: lab` or `extends: ./lab.yaml` names another file beside it.
 * @throws NL_FILE_MISSING, NL_SPEC
 */
export function loadSpec(file: string, seen: readonly string[] = []): Record<string, unknown> {
  if (!existsSync(file))
    throw new NetloopError('NL_FILE_MISSING', `experiment file not found: ${file}; check its path, those that ship lie in experiments/`, {
      where: { file },
    });
  if (seen.includes(file)) throw new NetloopError('NL_SPEC', `${file}: extends itself through ${seen.join(' -> ')}`);
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new NetloopError('NL_SPEC', `${file}: not YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new NetloopError('NL_SPEC', `${file}: expected keys and values`);
  const { extends: parent, ...own } = content as Record<string, unknown>;
  if (parent === undefined) return own;
  if (typeof parent !== 'string') throw new NetloopError('NL_SPEC', `${file}: extends: expected the name of one file`);
  const name = /\.ya?ml$/.test(parent) ? parent : `${parent}.yaml`;
  return mergeSpecs(loadSpec(join(dirname(file), name), [...seen, file]), own);
}
