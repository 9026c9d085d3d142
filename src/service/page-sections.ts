/** A chart: its title, the drawing, a sentence that says the same, and its numbers as a table. */
const chart = (id: string, title: string, control = ''): string => `<figure class="chart">
<figcaption id="${id}-title">${title}</figcaption>${control}
<div id="${id}" class="plot" role="img" aria-labelledby="${id}-title ${id}-says"></div>
<p id="${id}-says" class="hint">No data yet.</p>
<details><summary>Numbers<span class="unseen"> of: ${title}</span></summary><div class="scroll" tabindex="0" role="region" aria-labelledby="${id}-title"><table><thead id="${id}-head"></thead><tbody id="${id}-rows"></tbody></table></div></details>
</figure>`;

const whose = (id: string, label: string): string =>
  `<label class="small">${label} <select id="${id}"><option value="flow">flow model</option><option value="behaviour">behaviour model</option></select></label>`;

const columns = (...names: readonly string[]): string =>
  `<thead role="rowgroup"><tr role="row">${names.map((name) => `<th scope="col" role="columnheader">${name}</th>`).join('')}</tr></thead>`;

const now = `<section aria-labelledby="now">
<h2 id="now">Now</h2>
<dl class="cards">
<div><dt>Total alerts</dt><dd id="alerts">–</dd></div>
<div><dt>Latest alert</dt><dd id="latest">–</dd></div>
<div><dt>Detection sources</dt><dd id="sources">–</dd></div>
<div><dt>Packet sniffer</dt><dd id="sniffer">–</dd></div>
<div><dt>Continuous learning</dt><dd id="learning">–</dd></div>
<div><dt>Training cycles</dt><dd id="cycles">–</dd></div>
</dl>
</section>`;

const traffic = `<section aria-labelledby="watch">
<h2 id="watch">Traffic</h2>
<p id="sniffing">–</p>
<progress id="share" max="1" value="0" aria-label="Share of the recording that was read" hidden></progress>
<form id="start" class="row">
<label>Watch <select id="what"><option value="capture">a recording</option><option value="interface">an interface</option></select></label>
<label id="of-capture">Recording <select id="capture"></select></label>
<label id="of-speed">Speed <select id="speed"><option value="1">real time</option><option value="10">10 ×</option><option value="60" selected>60 ×</option><option value="600">600 ×</option><option value="max">as fast as it is read</option></select></label>
<label id="of-interface" hidden>Interface <input id="interface" size="10" maxlength="64" placeholder="eth0" autocomplete="off"></label>
<label id="of-filter" hidden>Only packets <input id="filter" size="18" maxlength="1000" placeholder="tcp or udp" autocomplete="off"></label>
<button id="sniffer-start" class="primary">Start sniffer</button>
<button id="sniffer-stop" type="button">Stop sniffer</button>
<button id="reload" type="button">Reload detector</button>
</form>
<div class="charts">
${chart('flow-rate', 'Flows a second')}
${chart('alert-rate', 'Alerts a second')}
</div>
</section>`;

const learning = `<section aria-labelledby="learn">
<h2 id="learn">Learning</h2>
<div id="learners" class="learners"></div>
<p class="row">
<button id="collect" type="button" class="primary">Start collection</button>
<button id="train-now" type="button">Train now</button>
<label class="check"><input id="automatic" type="checkbox"> Cycles begin by themselves</label>
</p>
<form id="settings" class="row" aria-describedby="settings-hint">
<label>Collection, minutes <input id="minutes" type="number" min="1" max="60" required></label>
<label>Sequence length <input id="length" type="number" min="5" max="50" required></label>
<label>Epochs <input id="epochs" type="number" min="5" max="50" required></label>
<button>Apply</button>
<label>Preset of the flow learner <select id="preset"><option value="">keep as it is</option><option value="default">default</option><option value="single">one site</option><option value="mass">thousands of sites</option></select></label>
</form>
<p id="settings-hint" class="hint">Minutes (1–60), length (5–50) and epochs (5–50) hold for the behaviour learner, from its next window on.</p>
<div class="charts">
${chart('metrics', 'Balanced accuracy by cycle, with the verdict of the gate', whose('metrics-of', 'Learner'))}
${chart('coverage', 'Share of flows that got a label, by cycle')}
</div>
<h3 id="past">Cycles</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="past">
<table class="stack" role="table">${columns('Ended', 'Learner', 'Verdict', 'Version', 'Samples', 'Accuracy', 'Loss', 'The word of the gate')}<tbody id="history"></tbody></table>
</div>
<h3 id="check">Labels to check</h3>
<p id="audit-says" class="hint">Nothing to check yet.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="check" id="audit-table" hidden>
<table class="stack" role="table">${columns('Flow began', 'Cycle', 'Called', 'By', 'Sure', 'Was it right?')}<tbody id="audit"></tbody></table>
</div>
</section>`;

const models = `<section aria-labelledby="models">
<h2 id="models">Models</h2>
<div class="charts">
${chart('scores', 'Scores of the live model', whose('scores-of', 'Model'))}
${chart('live', 'Which version was live when')}
</div>
<h3 id="health-title">Health without labels</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="health-title">
<table class="stack" role="table">${columns('Model', 'Score shift (PSI)', 'Agrees with rules', 'Judged alerts right', 'On probation')}<tbody id="health"></tbody></table>
</div>
<h3 id="versions-title">Versions</h3>
<p class="row">${whose('versions-of', 'Model')}<button id="rollback" type="button">Roll back</button></p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="versions-title">
<table class="stack" role="table">${columns('Version', 'From', 'Golden bal. accuracy', 'Golden recall', 'Golden FPR', 'Note', '<span class="unseen">Action</span>')}<tbody id="versions"></tbody></table>
</div>
<h3 id="compare-title">Compare two versions</h3>
<p class="row"><label>Version <select id="compare-a"></select></label><label>with <select id="compare-b"></select></label></p>
<p id="compare-says" class="hint" role="status">Two versions are needed.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="compare-title">
<table class="stack" role="table">${columns('Measure', 'First', 'Second', 'Change')}<tbody id="compared"></tbody></table>
</div>
</section>`;

const alerts = `<section aria-labelledby="found">
<h2 id="found">Alerts</h2>
<form id="filters" class="row">
<label>Source <select id="by-source"><option value="">all</option><option>DFA</option><option>ANN</option><option>LSTM</option></select></label>
<label>Rule <select id="by-rule"><option value="">all</option></select></label>
<label>User <input id="by-user" size="16" maxlength="256" autocomplete="off"></label>
<button>Show</button>
<button id="download" type="button">Download CSV</button>
<button id="archive" type="button">Archive these …</button>
</form>
<p id="shown" class="hint" role="status">–</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="found">
<table class="stack" role="table">${columns('Capture time', 'Source', 'Rule', 'From', 'To', 'Score', 'Evidence', 'Was it right?')}<tbody id="newest"></tbody></table>
</div>
<p class="row"><button id="older" type="button">Older alerts</button><button id="newest-first" type="button" hidden>Back to the newest</button></p>
<div id="archives-part" hidden><h3 id="archives-title">Archives</h3><ul id="archives" aria-labelledby="archives-title"></ul></div>
</section>`;

export const pageSections = [now, traffic, learning, models, alerts].join('\n');
