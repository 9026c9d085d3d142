// The one door behind `npm start`, `npm test` and the rest. Uses Node's core alone, because it runs before anything is installed.
// Sets up when a stamp (package.json + lock + Node) differs, builds what changed, then goes on to the command asked for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => join(root, ...parts);
const [command = 'start', ...rest] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`netloop needs Node 20.19 or newer, this is ${process.versions.node}`);
  process.exit(1);
}

function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Runs quietly; shows everything when it fails. */
function quietly(what, program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`);
  console.error(`netloop: ${what} failed`);
  process.exit(result.status || 1);
}

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Two commands at once: the second waits until the first has set up. A lock whose process is gone is taken over. */
function withLock(work) {
  const lock = at('.netloop', 'setup.lock');
  mkdirSync(at('.netloop'), { recursive: true });
  for (let waited = false; ; sleep(200)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(readFileSync(lock, 'utf8').trim() || 0);
      if (holder > 0 && !alive(holder)) rmSync(lock, { force: true });
      else if (!waited) {
        waited = true;
        console.error(`netloop: waiting for process ${holder}, which is setting up`);
      }
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function install() {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json', 'scripts/tfjs-node/index.js']) hash.update(readFileSync(at(file)));
  const stamp = hash.update(process.versions.modules + process.platform + process.arch).digest('hex');
  const file = at('node_modules', '.netloop-stamp');
  if (existsSync(file) && readFileSync(file, 'utf8') === stamp) return;
  console.error('netloop: installing packages (once, about half a minute)');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund'];
  if (npm?.endsWith('.js') || npm?.endsWith('.cjs')) quietly('npm ci', process.execPath, [npm, ...args]);
  else quietly('npm ci', npm ?? 'npm', args, { shell: process.platform === 'win32' });
  writeFileSync(file, stamp);
}

function build() {
  quietly('building the kernels', process.execPath, [at('scripts', 'kernels.mjs')]);
  quietly('tsc', process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
}

withLock(() => {
  install();
  build();
});

const bin = (name, ...path) => [process.execPath, [at('node_modules', name, ...path)]];
const vitest = (tier, args) => {
  const [node, [entry]] = bin('vitest', 'vitest.mjs');
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${at('.netloop', `tests-${tier}.json`)}`];
  return run(node, [entry, 'run', ...(process.env.CI ? report : []), ...args], { env: { ...process.env, NETLOOP_TEST: tier } });
};
const biome = (...args) => {
  const [node, [entry]] = bin('@biomejs/biome', 'bin', 'biome');
  return run(node, [entry, ...args]);
};
const netloop = (...args) => run(process.execPath, [at('dist', 'cli', 'netloop.js'), ...args]);

/** `bench NAME` and `fuzz`: programs of test/, compiled by the project's own tsc beside the core they measure. */
const program = (name, args) => {
  quietly('compiling the benchmarks', process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'test/bench']);
  return run(process.execPath, ['--expose-gc', at('.netloop', 'bench', 'test', 'bench', `${name}.js`), ...args]);
};
const benches = () =>
  readdirSync(at('test', 'bench'))
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => file.slice(0, -'.bench.ts'.length));
const bench = ([name, ...args]) => {
  if (benches().includes(name)) return program(`${name}.bench`, args);
  console.error(`usage: npm run bench -- NAME [options], NAME one of ${benches().join(', ')}`);
  return 2;
};

const commands = {
  build: () => 0,
  bench: () => bench(rest),
  fuzz: () => program('fuzz', rest),
  check: () => biome('ci', '--error-on-warnings'),
  start: () => netloop('start', ...rest),
  test: () => biome('ci', '--error-on-warnings') || vitest('fast', rest),
  'test:all': () => {
    quietly('setting up Python', process.execPath, [at('scripts', 'python.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] });
    return vitest('all', rest);
  },
};
if (!Object.hasOwn(commands, command)) {
  console.error(`unknown command '${command}': expected one of ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
process.exit(commands[command]());
