import { pageAlerts } from './page-alerts.js';
import { pageAudit } from './page-audit.js';
import { pageCharts } from './page-charts.js';
import { pageCore } from './page-core.js';
import { pageLearning } from './page-learning.js';
import { pageModels } from './page-models.js';

/**
 * The event stream is read with fetch, because an EventSource cannot bring a token; it says that something changed, and what changed is
 * asked for, at most once a second.
 */
const pageLive = `
async function refresh() {
  const [learning, sniffer, { history }, stats, page, { models }, monitoring] = await Promise.all(
    ['learning/status', 'sniffer/status', 'learning/history?limit=200&all=true', 'alerts/stats', alertsPath(), 'models', 'monitoring'].map((path) => call('GET', path)));
  showSniffer(sniffer);
  showLearning(learning, sniffer);
  showHistory(history);
  await showAudit(history.length === 0 ? null : history[0].timestamp);
  showAlerts(stats, page);
  known = models;
  showVersions();
  showHealth(monitoring);
  drawAll(history, monitoring);
}
$('login').onsubmit = (event) => {
  event.preventDefault();
  token = $('token').value;
  sessionStorage.setItem('netloop-token', token);
  $('login').hidden = true;
  begin();
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let moved = false;
async function follow() {
  for (;;) {
    try {
      const stream = await fetch('events', { headers: headers() });
      if (!stream.ok) throw new Error(String(stream.status));
      put('link', 'live', 'pill good');
      const reader = stream.body.getReader();
      for (;;) {
        const { done } = await reader.read();
        if (done) break;
        moved = true;
      }
    } catch {}
    put('link', 'not connected; trying again', 'pill bad');
    await sleep(3000);
  }
}
async function tick() {
  for (let idle = 0; ; idle++) {
    await sleep(1000);
    const running = !$('sniffer-stop').disabled;
    if (document.hidden || !(moved || running || idle >= 10)) continue;
    moved = false;
    idle = 0;
    await refresh().catch(() => {});
  }
}
let begun = false;
async function begin() {
  try {
    const { captures } = await call('GET', 'sniffer/captures');
    options('capture', captures.map((name) => [name, name]));
    await showSettings();
    await refresh();
    await showArchives();
    if (begun) return;
    begun = true;
    follow();
    tick();
  } catch (error) {
    put('link', error.code === 'NL_TOKEN' ? 'signed out' : 'not connected', 'pill bad');
    if (error.code !== 'NL_TOKEN' || token) say(error.message, true);
  }
}
begin();
`;

/** The page's script, as it is sent. */
export const pageScript = [pageCore, pageLearning, pageAudit, pageModels, pageAlerts, pageCharts, pageLive].join('');
