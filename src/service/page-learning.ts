/** Sniffer, learners, settings and cycles on the page. */
export const pageLearning = `
const words = { active: 'Active', training: 'Training…', inactive: 'Inactive' };
const moods = { active: 'good', training: 'busy', inactive: '' };
const titles = { flow: 'Flow model (ANN)', behaviour: 'Behaviour model (LSTM)' };

function showLearner(learner) {
  const box = element('div', undefined, 'learner');
  box.append(element('h3', titles[learner.name]));
  const live = learner.live === null ? 'no version yet' : 'version ' + learner.live + ' live';
  box.append(element('p', words[learner.state] + (learner.stage && learner.state === 'training' && learner.stage !== 'training' ? ' · ' + learner.stage : '') + ' · ' + live, 'state ' + moods[learner.state]));
  if (learner.state !== 'inactive' && learner.cycle !== null) {
    box.append(element('p', 'Window ' + learner.cycle + ': ' + count.format(learner.flows) + ' flows · elapsed ' + span(learner.elapsed) + (learner.remaining === null ? '' : ' · remaining ' + span(learner.remaining))));
    if (learner.remaining !== null) {
      const bar = element('progress');
      bar.max = learner.elapsed + learner.remaining || 1;
      bar.value = learner.elapsed;
      bar.setAttribute('aria-label', 'Collection of the ' + learner.name + ' model');
      box.append(bar);
    }
    if (learner.lost) box.append(element('p', count.format(learner.lost) + ' flows had no room', 'warn'));
  }
  if (learner.waiting && learner.waiting !== 'collecting') box.append(element('p', 'Waits: ' + learner.waiting, 'hint'));
  const flip = learner.enabled ? 'Switch off' : 'Switch on';
  box.append(button(flip, flip + ' the ' + learner.name + ' learner', () => act(learner.enabled ? 'learning/stop' : 'learning/start', { learner: learner.name })));
  return box;
}
function showLearning(learning, sniffer) {
  put('learning', words[learning.state], 'state ' + moods[learning.state]);
  put('cycles', count.format(learning.total_training_cycles));
  rows('learners', learning.learners.map(showLearner));
  $('automatic').checked = learning.automatic;
  const running = sniffer.state === 'running';
  $('train-now').disabled = !running && !learning.enabled; // a hub learns without a sniffer of its own
  $('collect').disabled = !running || learning.learners.every((learner) => learner.enabled);
}
function showSniffer(sniffer) {
  const running = sniffer.state === 'running';
  put('sniffer', running ? 'Running' : sniffer.state === 'stopping' ? 'Stopping…' : 'Stopped', 'state ' + (running ? 'good' : ''));
  const what = sniffer.capture || sniffer.interface;
  const past = what ? what + ': ' + count.format(sniffer.flows) + ' flows, ' + count.format(sniffer.alerts) + ' alerts raised, renewals included' + (sniffer.ts ? ', capture time ' + at(sniffer.ts) : '') : 'Nothing is watched yet. Start the sniffer: detection begins at once, and learning by itself.';
  put('sniffing', sniffer.error ? past + ' · ' + sniffer.error.code + ' ' + sniffer.error.message : past, sniffer.error ? 'bad' : '');
  $('share').hidden = sniffer.share === null;
  $('share').value = sniffer.share || 0;
  $('sniffer-start').disabled = sniffer.state !== 'stopped';
  $('sniffer-stop').disabled = !running;
}
function showHistory(history) {
  rows('history', history.length === 0 ? [none(8, 'No cycle has ended yet.')] : history.slice(0, 20).map((cycle) => row([
    [day(cycle.timestamp)],
    [cycle.learner],
    [element('span', cycle.state.replace('-', ' '), 'tag ' + (cycle.state === 'deployed' ? 'good' : cycle.state === 'skipped' ? '' : 'bad'))],
    [cycle.version === null ? '–' : String(cycle.version)],
    [count.format(cycle.num_samples || 0)],
    [percent(cycle.metrics && cycle.metrics.accuracy)],
    [cycle.metrics ? cycle.metrics.loss.toFixed(3) : '–'],
    [cycle.reason, 'words'],
  ])));
}
async function showSettings() {
  const { config } = await call('GET', 'learning/config');
  $('minutes').value = config.behaviour.every.seconds ? Math.round(config.behaviour.every.seconds / 60) : '';
  $('length').value = config.sequence.length;
  $('epochs').value = config.behaviour.train.epochs;
}

const changed = (answer) => (answer.changes.length === 0 ? 'Nothing had to change' : 'Changed: ' + answer.changes.map((c) => c.key + ' from ' + c.from + ' to ' + c.to).join(', '));
const configure = (body) => act('learning/config', body, 'PUT', changed);
$('what').onchange = () => {
  const wire = $('what').value === 'interface';
  for (const id of ['of-capture', 'of-speed']) $(id).hidden = wire;
  for (const id of ['of-interface', 'of-filter']) $(id).hidden = !wire;
};
$('start').onsubmit = (event) => {
  event.preventDefault();
  const speed = $('speed').value;
  const filter = $('filter').value.trim();
  const request = $('what').value === 'interface' ? Object.assign({ interface: $('interface').value.trim() }, filter ? { filter } : {}) : { capture: $('capture').value, speed: speed === 'max' ? 'max' : Number(speed) };
  act('sniffer/start', request, 'POST', (s) => 'The sniffer runs on ' + (s.capture || s.interface) + '; the detector is loaded and learning has begun');
};
$('sniffer-stop').onclick = () => act('sniffer/stop', undefined, 'POST', () => 'The sniffer stops; what trains is finished first');
$('reload').onclick = () => act('detector/reload', undefined, 'POST', (a) => 'Detector reloaded: ' + a.models.map((m) => m.name + ' ' + (m.version === null ? 'none' : 'version ' + m.version)).join(', '));
$('collect').onclick = () => act('learning/start', undefined, 'POST', () => 'Collection has started');
$('train-now').onclick = () => act('learning/train-now', undefined, 'POST', (a) => a.message + ': ' + a.learners.join(' and '));
$('automatic').onchange = () => configure({ automatic: $('automatic').checked });
$('settings').onsubmit = async (event) => {
  event.preventDefault();
  const behaviour = { every: { seconds: Number($('minutes').value) * 60 }, train: { epochs: Number($('epochs').value) } };
  const preset = $('preset').value ? { preset: $('preset').value } : {};
  await configure(Object.assign(preset, { behaviour, sequence: { length: Number($('length').value) } }));
  $('preset').value = '';
};
`;
