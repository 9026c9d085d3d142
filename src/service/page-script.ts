/**
 * The page's script, as it is sent. Text from traffic reaches the page by textContent only. The event stream is read with fetch, because
 * an EventSource cannot bring a token; it says that something changed, and what changed is asked for, at most once a second.
 */
export const pageScript = `'use strict';
const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat('en');
let token = sessionStorage.getItem('netloop-token') || '';

const headers = (more) => Object.assign(token ? { authorization: 'Bearer ' + token } : {}, more);
async function call(method, path, body) {
  const options = body === undefined ? { method, headers: headers() } : { method, headers: headers({ 'content-type': 'application/json' }), body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (answer.status === 401) $('login').hidden = false;
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error.code + ' ' + json.error.message);
  return json;
}
const say = (text, bad) => { $('notice').textContent = text; $('notice').className = bad ? 'bad' : ''; };
const put = (id, text, mood) => { $(id).textContent = text; $(id).className = mood || ''; };
const element = (name, text, mood) => { const made = document.createElement(name); made.textContent = text; if (mood) made.className = mood; return made; };
const row = (cells) => { const made = document.createElement('tr'); for (const [text, mood] of cells) made.append(element('td', text, mood)); return made; };
const span = (seconds) => { const s = Math.round(seconds); return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + (s % 60) + ' s' : Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min'; };
const at = (micros) => new Date(micros / 1000).toISOString().slice(0, 19).replace('T', ' ');
const place = (host, port) => (port ? (host.includes(':') ? '[' + host + ']' : host) + ':' + port : host);

const words = { active: 'Active', training: 'Training…', inactive: 'Inactive' };
const moods = { active: 'good', training: 'busy', inactive: '' };

function showLearner(learner) {
  const box = document.createElement('div');
  box.className = 'learner';
  box.append(element('h3', learner.name + (learner.live === null ? '' : ' @ version ' + learner.live)));
  box.append(element('p', words[learner.state] + (learner.stage ? ' · ' + learner.stage + (learner.cycle ? ', window ' + learner.cycle : '') : ''), moods[learner.state]));
  box.append(element('p', count.format(learner.flows) + ' flows · elapsed ' + span(learner.elapsed) + (learner.remaining === null ? '' : ' · remaining ' + span(learner.remaining))));
  if (learner.remaining !== null) {
    const bar = document.createElement('progress');
    bar.max = learner.elapsed + learner.remaining || 1;
    bar.value = learner.elapsed;
    bar.setAttribute('aria-label', 'Collection of ' + learner.name);
    box.append(bar);
  }
  if (learner.waiting) box.append(element('p', learner.waiting, 'hint'));
  const flip = element('button', learner.enabled ? 'Stop learning' : 'Start learning');
  flip.type = 'button';
  flip.id = 'flip-' + learner.name;
  flip.setAttribute('aria-label', flip.textContent + ': ' + learner.name);
  flip.onclick = () => act(learner.enabled ? 'learning/stop' : 'learning/start', { learner: learner.name });
  box.append(flip);
  return box;
}

function showLearning(learning, sniffer) {
  put('learning', words[learning.state], moods[learning.state]);
  put('cycles', count.format(learning.total_training_cycles));
  const focused = document.activeElement && document.activeElement.id;
  $('learners').replaceChildren(...learning.learners.map(showLearner));
  if (focused && focused.startsWith('flip-')) $(focused).focus();
  $('automatic').checked = learning.automatic;
  $('train-now').disabled = sniffer.state !== 'running';
}
function showSniffer(sniffer) {
  const running = sniffer.state === 'running';
  put('sniffer', running ? 'Running' : sniffer.state === 'stopping' ? 'Stopping…' : 'Stopped', running ? 'good' : '');
  const what = sniffer.capture || sniffer.interface;
  const past = what ? what + ': ' + count.format(sniffer.flows) + ' flows, ' + count.format(sniffer.alerts) + ' alerts' + (sniffer.ts ? ', capture time ' + at(sniffer.ts) : '') : 'Nothing is watched.';
  put('sniffing', sniffer.error ? past + ' · ' + sniffer.error.code + ' ' + sniffer.error.message : past, sniffer.error ? 'bad' : '');
  $('share').hidden = sniffer.share === null;
  $('share').value = sniffer.share || 0;
  $('sniffer-start').disabled = sniffer.state !== 'stopped';
  $('sniffer-stop').disabled = !running;
}
function showHistory(history) {
  $('history').replaceChildren(...history.map((cycle) => row([
    [cycle.timestamp.slice(0, 19).replace('T', ' ')],
    [cycle.learner],
    [cycle.state, cycle.state === 'deployed' ? 'good' : 'bad'],
    [cycle.version === null ? '–' : String(cycle.version)],
    [count.format(cycle.num_samples)],
    [cycle.metrics ? cycle.metrics.accuracy.toFixed(1) + ' %' : '–'],
    [cycle.metrics ? cycle.metrics.loss.toFixed(3) : '–'],
    [cycle.reason, 'words'],
  ])));
}
function showAlerts(stats, page) {
  put('alerts', count.format(stats.stored));
  put('latest', stats.to === null ? 'none yet' : at(stats.to));
  put('sources', stats.sources.length + (stats.sources.length ? ' (' + stats.sources.join(', ') + ')' : ''));
  $('newest').replaceChildren(...page.alerts.map((alert) => row([
    [at(alert.ts)], [alert.source], [alert.rule], [place(alert.orig_h, alert.orig_p)], [place(alert.resp_h, alert.resp_p)], [alert.score.toFixed(2)],
  ])));
}

async function refresh() {
  const [learning, sniffer, history, stats, page] = await Promise.all(
    ['learning/status', 'sniffer/status', 'learning/history?limit=20', 'alerts/stats', 'alerts?limit=10'].map((path) => call('GET', path)));
  showSniffer(sniffer);
  showLearning(learning, sniffer);
  showHistory(history.history);
  showAlerts(stats, page);
}
async function showSettings() {
  const { config } = await call('GET', 'learning/config');
  $('minutes').value = config.behaviour.every.seconds ? Math.round(config.behaviour.every.seconds / 60) : '';
  $('length').value = config.sequence.length;
  $('epochs').value = config.behaviour.train.epochs;
}
async function act(path, body, method) {
  try {
    const answer = await call(method || 'POST', path, body);
    say(answer.message || (answer.changes ? answer.changes.length + ' values changed' : answer.models ? 'Detector reloaded: ' + answer.models.map((m) => m.name + ' ' + (m.version === null ? 'none' : '@ ' + m.version)).join(', ') : 'Done'));
  } catch (error) {
    say(error.message, true);
  }
  await refresh().catch(() => {});
}

$('start').onsubmit = (event) => {
  event.preventDefault();
  const speed = $('speed').value;
  const wire = $('interface').value.trim();
  act('sniffer/start', wire ? { interface: wire } : { capture: $('capture').value, speed: speed === 'max' ? 'max' : Number(speed) });
};
$('sniffer-stop').onclick = () => act('sniffer/stop');
$('reload').onclick = () => act('detector/reload');
$('train-now').onclick = () => act('learning/train-now');
$('automatic').onchange = () => act('learning/config', { automatic: $('automatic').checked }, 'PUT');
$('settings').onsubmit = (event) => {
  event.preventDefault();
  const behaviour = { every: { seconds: Number($('minutes').value) * 60 }, train: { epochs: Number($('epochs').value) } };
  act('learning/config', { behaviour, sequence: { length: Number($('length').value) } }, 'PUT');
};
$('login').onsubmit = (event) => {
  event.preventDefault();
  token = $('token').value;
  sessionStorage.setItem('netloop-token', token);
  $('login').hidden = true;
  begin();
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let changed = false;
async function follow() {
  for (;;) {
    try {
      const stream = await fetch('events', { headers: headers() });
      if (!stream.ok) throw new Error(String(stream.status));
      put('link', 'live', 'good');
      const reader = stream.body.getReader();
      for (;;) {
        const { done } = await reader.read();
        if (done) break;
        changed = true;
      }
    } catch {}
    put('link', 'not connected; trying again', 'bad');
    await sleep(3000);
  }
}
async function tick() {
  for (let idle = 0; ; idle++) {
    await sleep(1000);
    const running = !$('sniffer-stop').disabled;
    if (document.hidden || !(changed || running || idle >= 10)) continue;
    changed = false;
    idle = 0;
    await refresh().catch(() => {});
  }
}
let begun = false;
async function begin() {
  try {
    const { captures } = await call('GET', 'sniffer/captures');
    $('capture').replaceChildren(...captures.map((name) => element('option', name)));
    await showSettings();
    await refresh();
    if (begun) return;
    begun = true;
    follow();
    tick();
  } catch (error) {
    say(error.message, true);
  }
}
begin();
`;
