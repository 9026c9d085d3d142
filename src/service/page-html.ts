/** The page: structure only; style and script are files of their own, as the content policy asks. */
export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>netloop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<h1>netloop</h1>
<p id="link" role="status">connecting …</p>
</header>
<main id="main">
<form id="login" hidden>
<input autocomplete="username" value="netloop" hidden>
<label for="token">Token (NETLOOP_TOKEN)</label>
<input id="token" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>
<p id="notice" role="status" aria-live="polite"></p>

<section aria-labelledby="now">
<h2 id="now">Now</h2>
<dl class="cards">
<div><dt>Total alerts</dt><dd id="alerts">–</dd></div>
<div><dt>Latest alert</dt><dd id="latest">–</dd></div>
<div><dt>Detection sources</dt><dd id="sources">–</dd></div>
<div><dt>Packet sniffer</dt><dd id="sniffer">–</dd></div>
<div><dt>Continuous learning</dt><dd id="learning">–</dd></div>
<div><dt>Training cycles</dt><dd id="cycles">–</dd></div>
</dl>
</section>

<section aria-labelledby="watch">
<h2 id="watch">Sniffer</h2>
<p id="sniffing">–</p>
<progress id="share" max="1" value="0" aria-label="Share of the recording that was read" hidden></progress>
<form id="start" class="row">
<label>Recording <select id="capture"></select></label>
<label>or interface <input id="interface" size="8" maxlength="64" placeholder="eth0"></label>
<label>Speed <select id="speed"><option value="1">real time</option><option value="10">10 ×</option><option value="60" selected>60 ×</option><option value="600">600 ×</option><option value="max">as fast as it is read</option></select></label>
<button id="sniffer-start">Start</button>
<button id="sniffer-stop" type="button">Stop</button>
<button id="reload" type="button">Reload detector</button>
</form>
</section>

<section aria-labelledby="learn">
<h2 id="learn">Learning</h2>
<div id="learners" class="learners"></div>
<p class="row">
<button id="train-now" type="button">Train now</button>
<label><input id="automatic" type="checkbox"> Cycles begin by themselves</label>
</p>
<form id="settings" class="row">
<label>Collection, minutes <input id="minutes" type="number" min="1" max="60" required></label>
<label>Sequence length <input id="length" type="number" min="5" max="50" required></label>
<label>Epochs <input id="epochs" type="number" min="5" max="50" required></label>
<button>Apply</button>
</form>
<p class="hint">They hold for the behaviour learner, from its next window on.</p>
</section>

<section aria-labelledby="past">
<h2 id="past">Cycles</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="past">
<table>
<thead><tr><th scope="col">Ended</th><th scope="col">Learner</th><th scope="col">Verdict</th><th scope="col">Version</th><th scope="col">Samples</th><th scope="col">Accuracy</th><th scope="col">Loss</th><th scope="col">The gate's word</th></tr></thead>
<tbody id="history"></tbody>
</table>
</div>
</section>

<section aria-labelledby="found">
<h2 id="found">Newest alerts</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="found">
<table>
<thead><tr><th scope="col">Capture time</th><th scope="col">Source</th><th scope="col">Rule</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Score</th></tr></thead>
<tbody id="newest"></tbody>
</table>
</div>
</section>
</main>
<footer><a href="docs">REST interface</a> · <a href="metrics">Metrics</a></footer>
<script src="page.js"></script>
</body>
</html>
`;
