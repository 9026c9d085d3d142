/**
 * What every part of the page's script stands on: calls, text, elements, formats. Text from traffic reaches the page by textContent only.
 */
export const pageCore = `'use strict';
const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat('en');
let token = sessionStorage.getItem('netloop-token') || '';

const headers = (more) => Object.assign(token ? { authorization: 'Bearer ' + token } : {}, more);
async function ask(method, path, body) {
  const options = body === undefined ? { method, headers: headers() } : { method, headers: headers({ 'content-type': 'application/json' }), body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (answer.status === 401) $('login').hidden = false;
  return answer;
}
async function call(method, path, body) {
  const answer = await ask(method, path, body);
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.error.message), { code: json.error.code });
  return json;
}

const say = (text, bad) => { $('notice').textContent = text; $('notice').className = bad ? 'bad' : ''; };
const put = (id, text, mood) => { $(id).textContent = text; $(id).className = mood || ''; };
const element = (name, text, mood) => { const made = document.createElement(name); if (text !== undefined) made.textContent = text; if (mood) made.className = mood; return made; };
const button = (text, label, onclick, mood) => { const made = element('button', text, mood || 'tiny'); made.type = 'button'; made.setAttribute('aria-label', label); made.onclick = onclick; return made; };
/** A row of [text, mood] or [node] cells. Their roles are said, because a phone shows a table's rows one below the other. */
const row = (cells) => { const made = element('tr'); made.setAttribute('role', 'row'); for (const [what, mood] of cells) { const cell = element('td', undefined, mood); cell.setAttribute('role', 'cell'); cell.append(what); made.append(cell); } return made; };
const none = (columns, text) => { const made = row([[text, 'none']]); made.firstChild.colSpan = columns; return made; };
/** Replaces rows without taking the focus away from who uses one of their buttons. */
function rows(id, made) {
  const box = $(id);
  const label = box.contains(document.activeElement) && document.activeElement.getAttribute('aria-label');
  const titles = [...(box.closest('table')?.querySelectorAll('thead th') || [])].map((title) => title.textContent);
  for (const { cells } of made) if (cells && cells.length === titles.length) titles.forEach((title, i) => (cells[i].dataset.title = title));
  box.replaceChildren(...made);
  if (label) { const again = [...box.querySelectorAll('button')].find((b) => b.getAttribute('aria-label') === label); if (again) again.focus(); }
}
function options(id, entries, first) {
  const select = $(id), kept = select.value;
  const made = entries.map(([value, text]) => { const one = element('option', text); one.value = value; return one; });
  if ([...select.options].map((o) => o.value).join() === (first ? [''] : []).concat(entries.map(([v]) => String(v))).join()) return;
  select.replaceChildren(...(first ? [Object.assign(element('option', first), { value: '' })] : []), ...made);
  if ([...select.options].some((o) => o.value === kept)) select.value = kept;
}

const span = (seconds) => { const s = Math.round(seconds); return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + (s % 60) + ' s' : Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min'; };
const day = (iso) => iso.slice(0, 19).replace('T', ' ');
const at = (micros) => day(new Date(micros / 1000).toISOString());
const ago = (micros) => { const s = (Date.now() - micros / 1000) / 1000; return s < 0 || s > 86400 ? at(micros) : s < 60 ? 'just now' : span(s).split(' ').slice(0, 2).join(' ') + ' ago'; };
const place = (host, port) => (port ? (host.includes(':') ? '[' + host + ']' : host) + ':' + port : host);
const share = (x) => (x === null || x === undefined ? '–' : (100 * x).toFixed(1) + ' %');
const percent = (x) => (x === null || x === undefined ? '–' : x.toFixed(1) + ' %');

/** Asks in a dialog; gives the reason, or null when it was left. */
function confirmWith(title, text, yes, needed) {
  $('ask-title').textContent = title;
  $('ask-text').textContent = text;
  $('ask-yes').textContent = yes;
  $('ask-why').value = '';
  $('ask-why').required = needed === true;
  $('ask').showModal();
  return new Promise((resolve) => {
    const done = (why) => { $('ask').onclose = null; $('ask').close(); resolve(why); };
    $('ask-form').onsubmit = (event) => { event.preventDefault(); done($('ask-why').value.trim()); };
    $('ask-no').onclick = () => done(null);
    $('ask').onclose = () => done(null);
  });
}
/** Does something, says how it went, and shows what became of it; refused(error) may find another way. */
async function act(path, body, method, tell, refused) {
  try {
    const answer = await call(method || 'POST', path, body);
    say(tell ? tell(answer) : answer.message || 'Done');
  } catch (error) {
    if (refused && (await refused(error))) return;
    say((error.code ? error.code + ': ' : '') + error.message, true);
  }
  await refresh().catch(() => {});
}
`;
