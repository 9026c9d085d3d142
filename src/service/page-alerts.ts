/** The list of alerts: filters, pages, judgements, archive, download. */
export const pageAlerts = `
let cursor = null;
const filters = () => { const q = new URLSearchParams(); for (const [key, id] of [['source', 'by-source'], ['rule', 'by-rule'], ['user', 'by-user']]) if ($(id).value.trim()) q.set(key, $(id).value.trim()); return q; };
const evidence = (found) => Object.entries(found).map(([k, v]) => k.replaceAll('_', ' ') + ' ' + (typeof v === 'number' ? count.format(v) : v)).join(', ');
const judgedHere = new Map();

function judgement(alert) {
  const box = element('div', undefined, 'row');
  const said = judgedHere.get(alert.id) || alert.verdict || null;
  if (said) { box.append(element('span', said === 'true-positive' ? 'yes' : 'no', 'tag ' + (said === 'true-positive' ? 'good' : 'bad'))); return box; }
  const name = alert.rule + ' from ' + alert.orig_h + ' at ' + at(alert.ts);
  const judge = (verdict, title) => async () => {
    const reason = await confirmWith(title, 'Your word becomes a label: ' + name + '.', 'Say so', true);
    if (reason === null) return;
    await act('alerts/' + encodeURIComponent(alert.id) + '/feedback', { verdict, reason, deployment: alert.deployment }, 'POST', () => { judgedHere.set(alert.id, verdict); return 'Noted: ' + (verdict === 'true-positive' ? 'a true' : 'a false') + ' positive'; });
  };
  box.append(button('Yes', 'True positive: ' + name, judge('true-positive', 'Was it an attack?')), button('No', 'False positive: ' + name, judge('false-positive', 'Was it a false alarm?')));
  return box;
}
function showAlerts(stats, page) {
  put('alerts', count.format(stats.stored));
  put('latest', stats.to === null ? 'none yet' : ago(stats.to));
  $('latest').title = stats.to === null ? '' : 'capture time ' + at(stats.to) + ' UTC';
  put('sources', stats.sources.length + (stats.sources.length ? ' (' + stats.sources.join(', ') + ')' : ''));
  options('by-rule', Object.keys(stats.byRule).sort().map((rule) => [rule, rule]), 'all');
  $('older').disabled = page.next === null;
  $('older').onclick = () => { cursor = page.next; refresh(); };
  $('newest-first').hidden = cursor === null;
  const filtered = filters().size > 0;
  $('shown').textContent = page.alerts.length === 0 ? (filtered ? 'No alert fits.' : 'No alert yet.') : page.alerts.length + ' alerts' + (filtered ? ' that fit' : '') + ', newest first; times are UTC';
  rows('newest', page.alerts.map((alert) => row([
    [at(alert.ts)], [element('span', alert.source, 'tag')], [alert.rule], [place(alert.orig_h, alert.orig_p)], [place(alert.resp_h, alert.resp_p)], [alert.score.toFixed(2)], [evidence(alert.evidence), 'words'], [judgement(alert)],
  ])));
}
const alertsPath = () => { const q = filters(); q.set('limit', '15'); if (cursor !== null) q.set('cursor', cursor); return 'alerts?' + q; };
$('filters').onsubmit = (event) => { event.preventDefault(); cursor = null; refresh().catch((error) => say(error.message, true)); };
$('newest-first').onclick = () => { cursor = null; refresh(); };

async function download(path, name) {
  try {
    const answer = await ask('GET', path);
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    const link = element('a');
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say('Downloaded ' + name);
  } catch (error) {
    say(error.message, true);
  }
}
$('download').onclick = () => { const which = filters(); download('alerts.csv' + (which.size > 0 ? '?' + which : ''), 'alerts.csv'); };
$('archive').onclick = async () => {
  const which = Object.fromEntries(filters());
  const what = Object.keys(which).length > 0 ? 'all alerts that fit the filter' : 'all alerts';
  const note = await confirmWith('Archive ' + what + '?', 'They leave the list, and can be downloaded as CSV from the archive.', 'Archive');
  if (note === null) return;
  await act('alerts/archive', Object.assign(which, { until: Date.now() * 1000 }, note ? { note } : {}), 'POST', (a) => 'Archived ' + count.format(a.alerts) + ' alerts');
  await showArchives();
};
async function showArchives() {
  const { archives } = await call('GET', 'alerts/archive').catch(() => ({ archives: [] }));
  $('archives-part').hidden = archives.length === 0;
  $('archives').replaceChildren(...archives.map(({ archive, at: when, note, alerts }) => {
    const line = element('li', day(when) + ' UTC, ' + count.format(alerts) + ' alerts' + (note ? ', ' + note : '') + ' ');
    line.append(button('Download CSV', 'Download archive ' + archive + ' as CSV', () => download('alerts/archive/' + archive, 'alerts-' + archive + '.csv')));
    return line;
  }));
}
`;
