/** The CSS of the report, for light and dark screens, phones and paper. */
export const STYLE = `
:root {
  --paper: #fbfbfa; --card: #fff; --ink: #1b1f24; --soft: #5b626b; --rule: #e3e6ea;
  --bar: #2f6fd0; --bad: #c0470b; --good: #1c7a45;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1c2026; --ink: #e7eaee; --soft: #a0a8b2; --rule: #313740;
    --bar: #6ea6f5; --bad: #ff9a5c; --good: #5fce90;
  }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #ccc; --bar: #2f6fd0; --bad: #c0470b; --good: #1c7a45; }
  * { print-color-adjust: exact; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 0 0 .75rem; font-size: 1.15rem; overflow-wrap: anywhere; }
h3 { margin: .75rem 0 .25rem; font-size: .85rem; font-weight: 500; color: var(--soft); }
h3.title { margin: 0 0 .5rem; font-size: 1rem; font-weight: 600; color: var(--ink); }
header p { margin: .25rem 0 1.5rem; color: var(--soft); }
.verdict { display: inline-block; margin-left: .4rem; padding: .05em .6em; border: 2px solid; border-radius: 2em; font-size: .75em; text-transform: uppercase; }
.verdict.pass { color: var(--good); } .verdict.fail { color: var(--bad); } .verdict.interrupted { color: var(--soft); }
main { display: grid; column-gap: 1.5rem; }
section, .tiles { margin: 0 0 1rem; padding: 1rem; border: 1px solid var(--rule); border-radius: .5rem; background: var(--card); break-inside: avoid; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem 1rem; }
dt { font-size: .8rem; color: var(--soft); } dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.bad dd, p.bad { color: var(--bad); font-weight: 600; }
ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; border-top: 1px solid var(--rule); text-align: right; font-weight: 400; }
th:first-child { padding-left: 0; text-align: left; } thead th { border: 0; font-size: .8rem; color: var(--soft); }
td { white-space: nowrap; }
svg { display: block; width: 100%; max-width: 36rem; height: auto; font-size: 11px; }
@media (max-width: 30rem) { body { padding: 1rem .5rem; } section, .tiles { padding: .75rem; } svg { font-size: 12px; } table { font-size: .85rem; } }
.label { fill: var(--soft); } .value { fill: var(--ink); }
.bar { fill: var(--bar); } .bar.bad { fill: var(--bad); }
.axis { stroke: var(--soft); } .grid { stroke: var(--rule); }
.line { fill: none; stroke: var(--bar); stroke-width: 1.5; } .area { fill: var(--bar); opacity: .18; }
@media (min-width: 60rem) {
  main.two { grid-template-columns: 1fr 1fr; }
  /* Puts the same sections of both runs side by side. */
  main.two article { display: grid; grid-row: span 7; grid-template-rows: subgrid; }
  main.one article { columns: 2; column-gap: 1rem; } main.one h2, main.one .tiles { column-span: all; }
}
`;
