/** The few automatic labels of each cycle that a person is asked about. */
export const pageAudit = `
const ASKED = 12; // rows shown at once
let auditedAt; // the newest cycle when the queue was last read: it changes with cycles and with answers
function auditRow(audit, asked) {
  const name = asked.label + ' at ' + asked.began.slice(0, 19).replace('T', ' ');
  const other = asked.label === 'attack' ? 'benign' : 'attack';
  const answer = (verdict) => async () => {
    const reason = await confirmWith('Was it ' + verdict + '?', 'Your word is kept as a label: the flow that was called ' + name + '. How do you know?', 'Say so', true);
    if (reason === null) return;
    auditedAt = undefined;
    await act('learning/audit/' + encodeURIComponent(asked.id), { verdict, reason }, 'POST', () => 'Noted: ' + verdict);
  };
  const box = element('div', undefined, 'row');
  box.append(button('Yes', 'Right: ' + name, answer(asked.label)), button('No, ' + other, 'Wrong: ' + name, answer(other)));
  return row([[asked.began.replace('T', ' ').replace('Z', '')], [audit.learner + ' ' + audit.cycle], [element('span', asked.label, 'tag ' + (asked.label === 'attack' ? 'bad' : 'good'))], [asked.by], [percent(100 * asked.confidence)], [box]]);
}
async function showAudit(newest) {
  if (newest === auditedAt) return;
  const { audits } = await call('GET', 'learning/audit');
  auditedAt = newest;
  const open = audits.flatMap((audit) => audit.open.map((asked) => auditRow(audit, asked)));
  const checked = audits.filter((audit) => audit.checked > 0);
  const noise = checked.map((a) => a.learner + ' ' + a.cycle + ': ' + a.wrong + ' of ' + a.checked + ' wrong (95 %: ' + percent(100 * a.low) + ' to ' + percent(100 * a.high) + ')');
  const ask = open.length > 0 ? 'A few automatic labels of each of the newest cycles, drawn so that the share of wrong ones can be estimated' + (open.length > ASKED ? '; ' + ASKED + ' of ' + open.length + ' are shown. ' : '. ') : '';
  $('audit-says').textContent = ask + (noise.length > 0 ? 'Answers so far: ' + noise.join('; ') + '.' : open.length > 0 ? 'No answer yet.' : 'Nothing to check yet.');
  $('audit-table').hidden = open.length === 0;
  rows('audit', open.slice(0, ASKED));
}
`;
