/** The charts: plotly draws, a sentence and a table say the same. Without plotly the sentence and the table stand alone. */
export const pageCharts = `
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const newest = (xs) => xs[xs.length - 1];

function layoutOf(y, more) {
  const axis = { gridcolor: color('edge'), linecolor: color('line'), zerolinecolor: color('edge'), tickfont: { color: color('dim') }, automargin: true, fixedrange: true };
  return {
    margin: { l: 44, r: 8, t: 8, b: 32 }, height: 240, autosize: true, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', hovermode: 'x unified', dragmode: false,
    font: { family: 'system-ui, sans-serif', size: 12, color: color('ink') }, hoverlabel: { bgcolor: color('card'), bordercolor: color('edge'), font: { color: color('ink') } },
    legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 }, showlegend: true, bargap: 0.05,
    xaxis: Object.assign({}, axis, more && more.x), yaxis: Object.assign({}, axis, { rangemode: 'tozero', title: { text: y, font: { color: color('dim') } } }, more && more.y),
  };
}
/** An axis of times, which stand upright on a phone too; and one of whole numbers, a few of them. */
const clock = { type: 'date', nticks: 4, tickangle: 0 };
const whole = (most) => ({ tick0: 0, dtick: Math.max(1, Math.ceil(most / 8)) });
/** Draws once and again; an empty chart says so. The table is filled only while it is open. */
function draw(id, { says, traces, y, more, head, body }) {
  if ($(id + '-says').textContent !== says) $(id + '-says').textContent = says;
  const plot = $(id);
  plot.hidden = traces.length === 0 || !window.Plotly;
  if (!plot.hidden) Plotly.react(plot, traces, layoutOf(y, more), { displayModeBar: false, responsive: true, staticPlot: false });
  const details = $(id + '-rows').closest('details');
  details.hidden = body.length === 0;
  if (!details.open) return;
  const titles = element('tr');
  for (const text of head) { const cell = element('th', text); cell.scope = 'col'; titles.append(cell); }
  $(id + '-head').replaceChildren(titles);
  $(id + '-rows').replaceChildren(...body.slice(-100).reverse().map((cells) => row(cells.map((c) => [c]))));
}

function drawRate(id, samples, key, what, paint) {
  const values = samples.map((s) => s[key]);
  const most = Math.max(0, ...values);
  draw(id, {
    says: samples.length === 0 ? 'No data yet: a point comes every two seconds.' : 'Now ' + newest(values).toFixed(1) + ' ' + what + ' a second' + (samples.length === 1 ? '.' : '; at most ' + most.toFixed(1) + ' in the last ' + span((newest(samples).at - samples[0].at) / 1000) + '.'),
    traces: samples.length === 0 ? [] : [{ x: samples.map((s) => new Date(s.at).toISOString()), y: values, type: 'scatter', mode: 'lines', name: what, line: { color: color(paint), width: 2 }, fill: 'tozeroy', showlegend: false }],
    y: '', more: { x: clock, y: { range: [0, Math.max(1, most * 1.1)] } },
    head: ['Time', what + ' a second'], body: samples.map((s) => [day(new Date(s.at).toISOString()), s[key].toFixed(2)]),
  });
}
function drawScores(models) {
  const model = models.find((m) => m.name === $('scores-of').value);
  const now = model.last || (model.seen > 0 ? model.filling : null);
  const part = (counts) => { const all = counts.reduce((a, b) => a + b, 0); return counts.map((n) => n / all); };
  const bins = model.filling.length;
  const mids = model.filling.map((_, i) => (i + 0.5) / bins);
  const bars = (counts, name, paint, opacity) => ({ x: mids, y: part(counts), type: 'bar', name, marker: { color: color(paint) }, opacity });
  const low = now && part(now).slice(0, bins / 2).reduce((a, b) => a + b, 0);
  draw('scores', {
    says: !now ? 'No scores yet.' : 'Version ' + model.version + ': ' + share(1 - low) + ' of the scores lie at or above 0.5' + (model.psi === null ? '.' : '; shift against the first window (PSI) ' + model.psi.toFixed(3) + '.'),
    traces: !now ? [] : [bars(now, model.last ? 'last full window' : 'so far', 'busy', 1)].concat(model.last && model.reference ? [{ x: mids, y: part(model.reference), type: 'scatter', mode: 'lines', name: 'first window', line: { color: color('second'), width: 2, shape: 'hvh' } }] : []),
    y: 'share', more: { x: { range: [0, 1] }, y: { tickformat: '.0%' } },
    head: ['Score', 'Share', 'First window'], body: !now ? [] : mids.map((m, i) => [m.toFixed(3), share(part(now)[i]), model.reference ? share(part(model.reference)[i]) : '–']),
  });
}
function drawCycles(history) {
  const cycles = [...history].reverse();
  const name = $('metrics-of').value;
  const own = cycles.filter((c) => c.learner === name && c.metrics);
  const x = own.map((c) => c.cycle + (c.version === null ? '' : ' (v' + c.version + ')')).map((t, i) => i + 1 + ': cycle ' + t);
  const line = (values, title, paint, dash) => ({ x, y: values, type: 'scatter', mode: 'lines', name: title, line: { color: color(paint), width: 2, dash } });
  const verdict = (state, title, paint, symbol) => { const chosen = own.map((c, i) => [c, i]).filter(([c]) => c.state === state); return { x: chosen.map(([, i]) => x[i]), y: chosen.map(([c]) => c.metrics.balancedAccuracy), text: chosen.map(([c]) => c.reason.slice(0, 80)), type: 'scatter', mode: 'markers', name: title, marker: { color: color(paint), symbol, size: 10 } }; };
  const last = newest(own);
  draw('metrics', {
    says: !last ? 'No cycle has ended yet.' : 'Newest cycle: ' + (last.metrics.balancedAccuracy === null ? 'one class only among' : percent(last.metrics.balancedAccuracy) + ' on') + ' rows it had not learnt, ' + percent(last.golden && last.golden.balancedAccuracy) + ' on the golden set; ' + (last.state === 'deployed' ? 'deployed' : 'rolled back') + ': ' + last.reason + '.',
    traces: !last ? [] : [line(own.map((c) => c.metrics.balancedAccuracy), 'new rows', 'busy'), line(own.map((c) => c.golden && c.golden.balancedAccuracy), 'golden set', 'second', 'dot'), verdict('deployed', 'deployed', 'good', 'circle'), verdict('rolled-back', 'rolled back', 'bad', 'x')],
    y: '%', more: { x: { type: 'category', tickvals: x, ticktext: x.map((_, i) => i + 1), nticks: 12 }, y: { range: [0, 105] } },
    head: ['Cycle', 'New rows', 'Golden set', 'Verdict', 'The word of the gate'], body: own.map((c, i) => [x[i], percent(c.metrics.balancedAccuracy), percent(c.golden && c.golden.balancedAccuracy), c.state, c.reason]),
  });
  const covered = ['flow', 'behaviour'].map((learner) => [learner, cycles.filter((c) => c.learner === learner && c.coverage !== null && c.state !== 'skipped')]).filter(([, found]) => found.length > 0);
  draw('coverage', {
    says: covered.length === 0 ? 'No cycle has ended yet.' : 'Newest: ' + covered.map(([learner, found]) => learner + ' ' + share(newest(found).coverage)).join(', ') + '.',
    traces: covered.map(([learner, found], i) => ({ x: found.map((_, n) => n + 1), y: found.map((c) => c.coverage), type: 'scatter', mode: 'lines+markers', name: learner, line: { color: color(i ? 'second' : 'busy'), width: 2, dash: i ? 'dot' : 'solid' } })),
    y: '', more: { x: whole(Math.max(0, ...covered.map(([, found]) => found.length))), y: { range: [0, 1.05], tickformat: '.0%' } },
    head: ['Learner', 'Ended', 'Share labelled'], body: covered.flatMap(([learner, found]) => found.map((c) => [learner, day(c.timestamp), share(c.coverage)])),
  });
}
function drawLive(live) {
  const now = new Date().toISOString();
  const lines = ['flow', 'behaviour'].map((name) => [name, live.filter((p) => p.name === name)]).filter(([, found]) => found.length > 0);
  draw('live', {
    says: lines.length === 0 ? 'Nothing was live yet.' : lines.map(([name, found]) => name + ' version ' + newest(found).to + ' since ' + day(newest(found).at)).join('; ') + '.',
    traces: lines.map(([name, found], i) => ({ x: found.map((p) => p.at).concat(now), y: found.map((p) => p.to).concat(newest(found).to), text: found.map((p) => p.why.slice(0, 80)).concat('now'), type: 'scatter', mode: 'lines+markers', name, line: { shape: 'hv', color: color(i ? 'second' : 'busy'), width: 2, dash: i ? 'dot' : 'solid' } })),
    y: 'version', more: { x: clock, y: whole(Math.max(0, ...live.map((p) => p.to))) },
    head: ['When', 'Model', 'From', 'To', 'Why'], body: live.map((p) => [day(p.at), p.name, p.from === null ? '–' : String(p.from), String(p.to), p.why]),
  });
}
let shown = null;
function drawAll(history, monitoring) {
  shown = [history, monitoring];
  drawRate('flow-rate', monitoring.samples, 'flows', 'flows', 'busy');
  drawRate('alert-rate', monitoring.samples, 'alerts', 'alerts', 'bad');
  drawScores(monitoring.models);
  drawCycles(history);
  drawLive(monitoring.live);
}
const redraw = () => { if (shown) drawAll(...shown); };
for (const id of ['metrics-of', 'scores-of']) $(id).onchange = redraw;
for (const details of document.querySelectorAll('details')) details.ontoggle = redraw;

const themes = ['system', 'light', 'dark'];
function wear(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $('theme').textContent = 'Theme: ' + theme;
  redraw();
}
$('theme').onclick = () => { const next = themes[(themes.indexOf(localStorage.getItem('netloop-theme') || 'system') + 1) % 3]; localStorage.setItem('netloop-theme', next); wear(next); };
wear(localStorage.getItem('netloop-theme') || 'system');
matchMedia('(prefers-color-scheme: dark)').onchange = redraw;
`;
