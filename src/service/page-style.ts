/** The page's style: one column on a phone, light and dark as the system says, every focus visible. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --paper: #f6f8fa; --card: #fff; --edge: #d0d7de; --good: #116329; --bad: #a40e26; --busy: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --dim: #9da7b3; --paper: #0d1117; --card: #161b22; --edge: #3d444d; --good: #56d364; --bad: #ff7b72; --busy: #79c0ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 2rem; max-width: 72rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; }
h1 { font-size: 1.5rem; margin: .75rem 0; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
section { margin: 1rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--edge); border-radius: .5rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem 1.5rem; margin: 0; }
dt, .hint, footer, #link { color: var(--dim); font-size: .875rem; }
dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: .75rem 0 0; }
label { display: inline-flex; flex-wrap: wrap; gap: .35rem; align-items: center; }
input[type=number] { width: 5rem; }
input[type=checkbox] { width: 1.25rem; height: 1.25rem; }
button, input, select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--dim); border-radius: .375rem; padding: .4rem .75rem; min-height: 2.5rem; max-width: 100%; }
button { cursor: pointer; }
button:disabled { opacity: .5; cursor: not-allowed; }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; }
.learners { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
.learner { border: 1px solid var(--edge); border-radius: .5rem; padding: .75rem; }
.learner h3 { margin: 0; font-size: 1rem; }
.learner p { margin: .25rem 0; }
progress { width: 100%; accent-color: var(--busy); }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--edge); white-space: nowrap; vertical-align: top; }
td.words { white-space: normal; min-width: 14rem; }
#notice:empty { display: none; }
#notice { padding: .6rem 1rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); }
a { color: var(--busy); }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
[hidden] { display: none !important; }
`;
