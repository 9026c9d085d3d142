import { pageSections } from './page-sections.js';

/** The page: structure only; style and script are files of their own, as the content policy asks. */
export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta id="plotly.js-style-global" class="no-inline-styles">
<title>netloop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<div class="bar">
<h1>netloop</h1>
<p id="link" class="pill" role="status">connecting …</p>
<nav aria-label="Sections"><a href="#now">Now</a><a href="#watch">Traffic</a><a href="#learn">Learning</a><a href="#models">Models</a><a href="#found">Alerts</a></nav>
<button id="theme" type="button" class="quiet">Theme: system</button>
</div>
</header>
<main id="main" tabindex="-1">
<form id="login" class="card" hidden>
<h2>Sign in</h2>
<p class="hint">This service asks for its token: the value of NETLOOP_TOKEN, or one that its operator gave you.</p>
<p class="row">
<input autocomplete="username" value="netloop" hidden>
<label for="token">Token <input id="token" type="password" autocomplete="current-password" required></label>
<button class="primary">Sign in</button>
</p>
</form>
<p id="notice" role="status" aria-live="polite"></p>
<div id="degraded" role="alert"></div>
${pageSections}
</main>
<dialog id="ask" aria-labelledby="ask-title">
<form id="ask-form">
<h2 id="ask-title">–</h2>
<p id="ask-text" class="hint">–</p>
<label>Reason <input id="ask-why" maxlength="500" autocomplete="off"></label>
<p class="row"><button id="ask-yes" class="primary">Yes</button><button id="ask-no" type="button">Cancel</button></p>
</form>
</dialog>
<footer><a href="docs">REST interface</a> · <a href="metrics">Metrics</a></footer>
<script src="plotly.js"></script>
<script src="page.js"></script>
</body>
</html>
`;
