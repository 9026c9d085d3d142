// Runs inside namespaces unshared for it (see live.all.test.ts): builds a cable of two ends, plays one scenario, prints JSON.
import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const [scenario, through] = process.argv.slice(2);
const dist = new URL('../../dist/', import.meta.url);
const { openLive } = await import(new URL('sources/live.js', dist).href);
const { linkState } = await import(new URL('sources/interfaces.js', dist).href);

const run = (program, ...argv) => execFileSync(program, argv, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
const links = JSON.parse(run('ip', '-j', 'link'));
if (links.some(({ ifname }) => ifname !== 'lo')) throw new Error('not a world of its own');
run('mount', '-t', 'tmpfs', 'none', '/run');
run('mount', '-t', 'sysfs', 'none', '/sys');
run('ip', 'link', 'set', 'lo', 'up');
run('ip', 'netns', 'add', 'far');
run('ip', 'link', 'add', 'near0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', 'far');
for (const at of ['near0', 'far0']) {
  const within = at === 'far0' ? ['-n', 'far'] : [];
  run('ip', ...within, 'addr', 'add', at === 'far0' ? '192.0.2.2/24' : '192.0.2.1/24', 'dev', at);
  run('ip', ...within, 'link', 'set', at, 'up');
}
await sleep(200);

const far = (...argv) => ['ip', 'netns', 'exec', 'far', ...argv];
const start = ([program, ...argv]) =>
  new Promise((resolve) => spawn(program, argv, { stdio: 'ignore' }).once('exit', (code) => resolve(code)));
const own = () =>
  run('ps', '-eo', 'args')
    .split('\n')
    .filter((line) => /live-child|^tcpdump/.test(line));
const tell = (result) => process.stdout.write(`${JSON.stringify(result)}\n`);
const until = async (done, seconds) => {
  for (let i = 0; i < seconds * 20 && !done(); i++) await sleep(50);
};

const scenarios = {
  /** hping3's own count of what it sent against what arrived. */
  async rate() {
    const packets = Number(process.argv[4]);
    const stop = new AbortController();
    const source = await openLive({ interface: 'near0', filter: 'udp dst port 9', through, stop: stop.signal });
    let frames = 0;
    let batches = 0;
    let stepsBack = 0;
    let last = 0;
    let first = 0;
    const send = async () => {
      await start(far('hping3', '-q', '--udp', '-p', '9', '-i', process.argv[5], '-c', `${packets}`, '-d', '400', '192.0.2.1'));
      await sleep(500);
      stop.abort();
    };
    const before = process.cpuUsage();
    let longest = 0;
    for await (const batch of source.read()) {
      frames += batch.count;
      if (batches++ === 0) void send(); // the clock's first tick: it captures
      for (let i = 0; i < batch.count; i++) {
        if (batch.ts[i] < last) stepsBack++;
        last = batch.ts[i];
        first ||= last;
        longest = Math.max(longest, batch.captured[i]);
      }
    }
    const { user, system } = process.cpuUsage(before);
    const sent = Number(/RX:.*?packets.*?\n\s+\d+\s+(\d+)/s.exec(run('ip', '-s', 'link', 'show', 'near0'))[1]);
    tell({
      frames,
      sent,
      batches,
      stepsBack,
      longest,
      seconds: (last - first) / 1e6,
      cpu: (user + system) / 1e6,
      damage: source.damage(),
      left: own(),
    });
  },

  async filter() {
    const stop = new AbortController();
    const source = await openLive({ interface: 'near0', filter: 'icmp[0] = 8 or icmp[0] = 0', through, stop: stop.signal });
    const lengths = [];
    const send = async () => {
      await start(far('ping', '-c', '5', '-i', '0.1', '-s', '900', '192.0.2.1'));
      await start(far('hping3', '-q', '--udp', '-p', '9', '-i', 'u1000', '-c', '50', '192.0.2.1'));
      await sleep(200);
      stop.abort();
    };
    let begun = false;
    for await (const batch of source.read()) {
      if (!begun) void send();
      begun = true;
      for (let i = 0; i < batch.count; i++) lengths.push([batch.captured[i], batch.length[i]]);
    }
    tell({ lengths, left: own() });
  },

  /** Down, up again, removed. */
  async cable() {
    const notices = [];
    const source = await openLive({ interface: 'near0', through, silence: 2, onNotice: (notice) => notices.push(notice) });
    const reader = source.read()[Symbol.asyncIterator]();
    let frames = 0;
    let ticks = 0;
    let error = null;
    const reading = (async () => {
      try {
        for (let next = await reader.next(); !next.done; next = await reader.next()) {
          frames += next.value.count;
          if (next.value.count === 0) ticks++;
        }
      } catch (caught) {
        error = { code: caught.code, message: caught.message };
      }
    })();
    await sleep(500);
    await start(far('ping', '-c', '3', '-i', '0.1', '192.0.2.1'));
    await sleep(300);
    const first = frames;
    await start(['ip', 'link', 'set', 'near0', 'down']);
    const down = linkState('near0');
    await until(() => notices.some((notice) => /is down/.test(notice)), 4);
    await sleep(2500);
    await start(['ip', 'link', 'set', 'near0', 'up']);
    await until(() => notices.some((notice) => /up again/.test(notice)), 4);
    const before = frames;
    await start(far('ping', '-c', '3', '-i', '0.1', '192.0.2.1'));
    await sleep(500);
    const again = frames - before;
    const removed = performance.now();
    await start(['ip', 'link', 'del', 'near0']);
    await reading;
    tell({ first, again, ticks, down, notices, error, noticed: performance.now() - removed, damage: source.damage(), left: own() });
  },

  /** A scan against the whole of `netloop detect`. */
  async scan() {
    const argv = [new URL('cli/netloop.js', dist).pathname, 'detect', '--interface', 'near0', '--rules-only'];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    let words = '';
    child.stderr.on('data', (piece) => (words += piece));
    let lines = '';
    let alertAt = null;
    child.stdout.on('data', (piece) => {
      lines += piece;
      alertAt ??= performance.now();
    });
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    await until(() => /capturing on/.test(words), 15);
    await sleep(500);
    const began = performance.now();
    await start(far('nmap', '-Pn', '-n', '-sS', '-p', '1-500', '192.0.2.1'));
    await until(() => alertAt !== null, 10);
    child.kill('SIGINT');
    const code = await ended;
    tell({ seconds: (alertAt - began) / 1000, alert: JSON.parse(lines.split('\n')[0] || 'null'), code, words, left: own() });
  },

  /** The reader breaks off at the first frame; then another is killed while the wire is silent. */
  async leave() {
    const source = await openLive({ interface: 'near0', through });
    const ping = start(far('ping', '-c', '10', '-i', '0.1', '192.0.2.1'));
    for await (const batch of source.read()) if (batch.count > 0) break;
    const afterBreak = own();
    await ping;
    const live = new URL('sources/live.js', dist).href;
    const options = JSON.stringify({ interface: 'near0', filter: 'udp port 4444', through });
    const script = `const { openLive } = await import('${live}'); for await (const _ of (await openLive(${options})).read());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await until(() => own().length > 0, 10);
    await sleep(1500);
    const during = own().length;
    child.kill('SIGKILL');
    await until(() => own().length === 0, 5);
    tell({ afterBreak, during, left: own() });
  },
};
await scenarios[scenario]();
process.exit(0);
