/** Versions, their health, and what two of them differ in. */
export const pageModels = `
let known = [];
const measures = [['golden_balancedAccuracy', 'Golden balanced accuracy'], ['golden_recall', 'Golden recall'], ['golden_fpr', 'Golden false-positive rate'], ['golden_prAuc', 'Golden PR-AUC'], ['golden_loss', 'Golden loss'], ['validation_accuracy', 'Validation accuracy'], ['validation_balancedAccuracy', 'Validation balanced accuracy'], ['validation_loss', 'Validation loss'], ['validation_rate', 'Share called attacks']];

function showVersions() {
  const name = $('versions-of').value;
  const model = known.find((one) => one.name === name);
  if (!model) return;
  $('rollback').disabled = model.champion === null;
  rows('versions', model.versions.length === 0 ? [none(7, 'No version yet: the first comes from the first window with known truth.')] : [...model.versions].reverse().slice(0, 50).map((v) => {
    const live = v.version === model.champion;
    return row([
      [String(v.version)],
      [v.parent === null ? '–' : String(v.parent)],
      [share(v.metrics.golden_balancedAccuracy)], [share(v.metrics.golden_recall)], [share(v.metrics.golden_fpr)],
      [v.note, 'words'],
      [live ? element('span', 'live', 'tag good') : button('Promote', 'Promote ' + name + ' version ' + v.version, () => promote(name, v.version))],
    ]);
  }));
  const choices = [...model.versions].reverse().map((v) => [v.version, v.version + (v.version === model.champion ? ' (live)' : '')]);
  const fresh = $('compare-a').options.length < 2;
  options('compare-a', choices);
  options('compare-b', choices);
  if (fresh && choices.length > 1) { $('compare-a').value = choices[1][0]; $('compare-b').value = choices[0][0]; }
  compareVersions(model);
}
function compareVersions(model) {
  const [a, b] = ['compare-a', 'compare-b'].map((id) => model.versions.find((v) => String(v.version) === $(id).value));
  if (!a || !b || a === b) { rows('compared', []); $('compare-says').textContent = 'Choose two versions.'; return; }
  $('compare-says').textContent = a.golden_sha256 && a.golden_sha256 === b.golden_sha256 ? 'Both were judged on the same golden set; validation rows are of each its own window.' : 'They were judged on different golden sets: the numbers do not compare.';
  rows('compared', measures.filter(([key]) => key in a.metrics || key in b.metrics).map(([key, title]) => {
    const [x, y] = [a.metrics[key], b.metrics[key]];
    const both = typeof x === 'number' && typeof y === 'number';
    const better = key.endsWith('loss') || key.endsWith('fpr') ? y < x : y > x;
    const mood = !both || x === y || key.endsWith('rate') ? '' : better ? 'good' : 'bad';
    return row([[title], [typeof x === 'number' ? x.toFixed(4) : '–'], [typeof y === 'number' ? y.toFixed(4) : '–'], [both ? (y >= x ? '+' : '') + (y - x).toFixed(4) + (mood ? (better ? ' better' : ' worse') : '') : '–', mood]]);
  }));
}
async function promote(name, version) {
  const why = await confirmWith('Promote ' + name + ' version ' + version + '?', 'It detects from the next flow on, and is watched beside its predecessor for a while.', 'Promote');
  if (why === null) return;
  const live = (p) => name + ' version ' + p.to + ' is live';
  const past = async (error) => {
    if (error.code !== 'NL_GATE') return false;
    const reason = await confirmWith('The gate did not let ' + name + ' version ' + version + ' through', error.message.slice(0, error.message.lastIndexOf(';')) + '. It can be promoted all the same; the reason goes into the trail.', 'Promote by force', true);
    if (reason === null) return false;
    await act('models/' + name + '/promote', { version, why: reason, force: true }, 'POST', live);
    return true;
  };
  await act('models/' + name + '/promote', Object.assign({ version }, why ? { why } : {}), 'POST', live, past);
}
$('rollback').onclick = async () => {
  const name = $('versions-of').value;
  const why = await confirmWith('Roll the ' + name + ' model back?', 'The version that it came from detects again from the next flow on.', 'Roll back');
  if (why === null) return;
  await act('models/' + name + '/rollback', why ? { why } : {}, 'POST', (p) => name + ' version ' + p.to + ' is live again');
};
for (const id of ['versions-of', 'compare-a', 'compare-b']) $(id).onchange = showVersions;

function showHealth(monitoring) {
  rows('health', monitoring.models.map((m) => row([
    [m.version === null ? m.name + ', none live' : m.name + ' version ' + m.version],
    [m.psi === null ? 'needs two windows of ' + count.format(m.window) + ' scores, has ' + (m.reference ? 'one and ' : '') + count.format(m.seen) : m.psi.toFixed(3) + (m.psi < 0.1 ? ' · steady' : m.psi > 0.25 ? ' · moved' : ' · moving'), m.psi > 0.25 ? 'bad' : ''],
    [m.name === 'behaviour' ? 'rules speak of flows' : share(m.agreement)],
    [m.precision === null ? count.format(m.judged) + ' judged' : share(m.precision) + ' of ' + count.format(m.judged)],
    [m.probation ? m.probation.seen + ' of ' + m.probation.of + ' answers beside version ' + m.probation.previous : 'no'],
  ])));
  const bad = monitoring.degradations.filter((d) => d.until === null || Date.now() - Date.parse(d.until) < 600000 && d.kind === 'rolled-back');
  const text = bad.map((d) => 'Since ' + day(d.since) + ': ' + d.message);
  if ($('degraded').textContent !== text.join('')) $('degraded').replaceChildren(...text.map((t) => element('p', t)));
}
`;
