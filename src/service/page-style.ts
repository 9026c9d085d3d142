const light =
  '--ink: #1a2129; --dim: #55606b; --paper: #f4f6f8; --card: #ffffff; --edge: #d3dae1; --field: #ffffff; --line: #808b96; --good: #0f6b2f; --bad: #a8102c; --busy: #0b57b8; --warn: #8a5200; --on: #ffffff; --tint: #e9f1fc; --alarm: #fdecee; --second: #9a3fb5;';
const dark =
  '--ink: #e8edf2; --dim: #a3afbb; --paper: #0e1318; --card: #171d24; --edge: #323c47; --field: #0e1318; --line: #778390; --good: #5bd67f; --bad: #ff8a84; --busy: #80bbff; --warn: #f2bd62; --on: #0a1017; --tint: #16263a; --alarm: #3a191d; --second: #dd9cf2;';

/** The page's style: one column on a phone, light and dark as the system or the reader says, every focus visible. */
export const pageStyle = `
:root { color-scheme: light; ${light} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${dark} } }
:root[data-theme=light] { color-scheme: light; ${light} }
:root[data-theme=dark] { color-scheme: dark; ${dark} }
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
header { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 1px solid var(--edge); }
.bar, main, footer { max-width: 80rem; margin: 0 auto; padding: .5rem 1rem; }
.bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; }
.bar nav { display: flex; flex-wrap: wrap; gap: .25rem; margin-left: auto; }
.bar nav a { padding: .35rem .6rem; border-radius: .375rem; color: var(--ink); text-decoration: none; }
.bar nav a:hover { background: var(--tint); }
h1 { font-size: 1.25rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
section, .card { margin: 1rem 0; padding: 1rem 1.25rem 1.25rem; background: var(--card); border: 1px solid var(--edge); border-radius: .75rem; }
.pill { margin: 0; padding: .1rem .6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .8rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0; }
.cards > div { padding: .6rem .9rem; background: var(--paper); border-radius: .5rem; }
dt, .hint, footer, #link { color: var(--dim); font-size: .875rem; }
.hint { margin: .35rem 0 0; }
dd { margin: 0; font-size: 1.2rem; font-weight: 600; line-height: 1.35; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: .75rem 0 0; }
label { display: inline-flex; flex-direction: column; gap: .2rem; font-size: .875rem; color: var(--dim); max-width: 100%; }
label.check { flex-direction: row; align-items: center; gap: .5rem; min-height: 2.5rem; color: var(--ink); font-size: 1rem; }
label.small { flex-direction: row; align-items: center; gap: .5rem; }
input[type=number] { width: 7rem; }
input[type=checkbox] { width: 1.25rem; height: 1.25rem; min-height: 0; accent-color: var(--busy); }
button, input, select { font: inherit; font-size: 1rem; color: var(--ink); background: var(--field); border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .8rem; min-height: 2.5rem; max-width: 100%; }
button { cursor: pointer; font-weight: 500; }
button:hover:not(:disabled) { background: var(--tint); }
button.primary { background: var(--busy); border-color: var(--busy); color: var(--on); }
button.primary:hover:not(:disabled) { background: var(--busy); filter: brightness(1.12); }
button.quiet { border-color: var(--edge); font-size: .875rem; }
button.tiny { min-height: 2rem; padding: .1rem .6rem; font-size: .875rem; }
button:disabled { color: var(--dim); background: var(--paper); border: 1px dashed var(--line); cursor: not-allowed; }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; }
main:focus { outline: none; }
.learners { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.learner { border: 1px solid var(--edge); border-radius: .5rem; padding: .75rem 1rem 1rem; display: flex; flex-direction: column; align-items: start; gap: .3rem; }
.learner h3 { margin: 0; font-size: 1rem; }
.learner p { margin: 0; }
.state::before { content: ''; display: inline-block; width: .6em; height: .6em; margin-right: .45em; border-radius: 50%; background: currentColor; }
progress { width: 100%; height: .6rem; accent-color: var(--busy); }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); } .warn { color: var(--warn); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; margin-top: 1rem; }
.chart { margin: 0; padding: .75rem 1rem; border: 1px solid var(--edge); border-radius: .5rem; min-width: 0; }
figcaption { font-weight: 600; font-size: .95rem; }
.plot { height: 15rem; min-width: 0; overflow: hidden; }
details { margin-top: .35rem; font-size: .875rem; }
summary { cursor: pointer; color: var(--busy); padding: .25rem 0; width: fit-content; }
details .scroll { max-height: 14rem; overflow-y: auto; }
.scroll { position: relative; overflow-x: auto; border-radius: .375rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th { color: var(--dim); font-weight: 600; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--edge); white-space: nowrap; vertical-align: middle; }
td.words { white-space: normal; min-width: 20rem; }
td .row { margin: 0; gap: .35rem; flex-wrap: nowrap; }
td.none { color: var(--dim); white-space: normal; }
.tag { padding: .05rem .5rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .8rem; }
#notice:empty, #degraded:empty { display: none; }
#notice, #degraded > p { margin: .75rem 0 0; padding: .6rem 1rem; border: 1px solid var(--edge); border-left: .3rem solid var(--busy); border-radius: .5rem; background: var(--card); }
#notice.bad, #degraded > p { border-left-color: var(--bad); }
#degraded > p { background: var(--alarm); }
dialog { color: var(--ink); background: var(--card); border: 1px solid var(--edge); border-radius: .75rem; padding: 1.25rem; width: min(30rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog input { width: 100%; }
dialog label { display: flex; margin-top: .75rem; }
a { color: var(--busy); }
ul { padding-left: 1.25rem; margin: .5rem 0; }
.skip { position: absolute; left: -99rem; top: 0; } .skip:focus { left: 1rem; background: var(--card); padding: .5rem; z-index: 3; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
@media (max-width: 40rem) {
  main { padding: 0 .5rem; } section, .card { padding: .9rem; border-radius: .5rem; }
  .cards { grid-template-columns: 1fr 1fr; } dd { font-size: 1.05rem; }
  .bar nav { order: 3; margin-left: -.6rem; width: calc(100% + .6rem); flex-wrap: nowrap; justify-content: space-between; } .bar nav a { padding: .35rem .45rem; font-size: .9rem; } #theme { margin-left: auto; }
  header { position: static; } .row > label:not(.check, .small), .row > label > select, .row > label > input:not([type=checkbox]) { width: 100%; }
  .row > label > input[type=number] { width: 100%; } .row > button { flex: 1 1 auto; }
  .scroll { max-height: 34rem; overflow-y: auto; } .stack, .stack tbody, .stack tr { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { padding: .6rem 0; border-bottom: 1px solid var(--edge); }
  .stack td { display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding: .15rem .25rem; border: 0; min-width: 0; white-space: normal; text-align: right; overflow-wrap: anywhere; }
  .stack td::before { content: attr(data-title); flex: none; color: var(--dim); }
  .stack td.none::before { content: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
.js-plotly-plot .plotly, .js-plotly-plot .plotly div { direction: ltr; margin: 0; padding: 0; }
.js-plotly-plot .plotly .svg-container { position: relative; }
.js-plotly-plot .plotly .main-svg { position: absolute; top: 0; left: 0; pointer-events: none; overflow: hidden; }
.js-plotly-plot .plotly .main-svg .draglayer { pointer-events: all; }
.js-plotly-plot .plotly .crisp { shape-rendering: crispEdges; }
`;
