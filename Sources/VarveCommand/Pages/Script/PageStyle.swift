/// The style of a page: light and dark, on a screen of any width and on paper.
///
/// Roles have hues, and amounts one scale of nine shades that grows in lightness: both can be told apart with any kind of
/// colour vision, and are the same in light and dark.
enum PageStyle {
    static let text = #"""
        :root {
          color-scheme: light dark;
          --paper: #ffffff; --card: #f5f6f8; --ink: #1b1f24; --soft: #57606a; --line: #d5d9de; --edge: #ffffff; --link: #0b5cad;
        }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14171b; --card: #1e2329; --ink: #e6e9ec; --soft: #9aa4ae; --line: #363d45; --edge: #14171b; --link: #7ab8f5; }
        }
        * { box-sizing: border-box; }
        html { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
        body { margin: 0 auto; padding: 20px clamp(12px, 2vw, 40px) 40px; max-width: 2300px; }
        h1 { font-size: 1.6em; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 1.15em; margin: 0 0 10px; }
        p { margin: 6px 0; max-width: 85em; overflow-wrap: anywhere; }
        .sub, .note, figcaption, caption { color: var(--soft); font-size: .9em; }
        main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 28px; margin-top: 20px; }
        @media (min-width: 1000px) { main { grid-template-columns: repeat(2, minmax(0, 1fr)); } .wide, .broad { grid-column: 1 / -1; } }
        @media (min-width: 1700px) { .broad { grid-column: auto; } }
        section, figure { min-width: 0; margin: 0; } noscript { grid-column: 1 / -1; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 10px; margin: 0; padding: 0; list-style: none; }
        .tiles li { background: var(--card); border-radius: 8px; padding: 10px 14px; }
        .tiles b { display: block; font-size: 1.5em; line-height: 1.3; font-weight: 600; }
        .tiles span { color: var(--soft); font-size: .85em; display: block; }
        .advice { margin: 0; padding-left: 1.2em; } .advice li { margin: 5px 0; overflow-wrap: anywhere; }
        .advice code, .note code { background: var(--card); padding: 0 4px; border-radius: 4px; white-space: nowrap; }
        .legend, .controls, .path, .scale { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; }
        .controls { margin-bottom: 10px; }
        .legend { margin: 0 0 8px; font-size: .9em; }
        .legend > span { display: inline-flex; align-items: center; gap: 6px; }
        .swatch { display: inline-block; width: 14px; height: 14px; border-radius: 2px; }
        .swatch.line { height: 3px; }
        .swatches { display: inline-flex; } .swatches .swatch { border-radius: 0; }
        .scale { gap: 6px; font-size: .85em; color: var(--soft); }
        button, select, input[type=search] { font: inherit; font-size: .92em; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; max-width: 100%; }
        button { cursor: pointer; } button:hover { border-color: var(--soft); }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
        [hidden] { display: none !important; }
        .plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 8px; }
        .plot > svg { width: 100%; height: 210px; display: block; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
        .plot .y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: .8em; color: var(--soft); line-height: 1; margin: -6px 0; white-space: nowrap; }
        .plot .x { grid-column: 2; display: flex; font-size: .8em; color: var(--soft); }
        .plot .x span { flex: 1 1 0; min-width: 0; overflow: hidden; white-space: nowrap; }
        .plot .x.each span { text-align: center; }
        .plot .k { grid-column: 2; height: 8px; width: 100%; border: 0; }
        .plot .k path, .strip .keyframe { fill: var(--ink); }
        .plot > svg.points { height: 320px; overflow: visible; } .points text { font-size: 12px; fill: var(--ink); stroke: none; }
        .points .across { stroke: var(--soft); stroke-dasharray: 5 4; } .points + .x { justify-content: space-between; } .points + .x span { flex: none; }
        .note.right { text-align: right; max-width: none; }
        .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .curve { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        .curve.dot { stroke-width: 7; stroke-linecap: round; }
        .weight { fill: #0072b2; stroke: #0072b2; background: #0072b2; } .first { fill: #d55e00; stroke: #d55e00; background: #d55e00; }
        .second { fill: #009e73; stroke: #009e73; background: #009e73; } .other { fill: #b5568c; stroke: #b5568c; background: #b5568c; }
        .payload { fill: #7d8590; stroke: #7d8590; background: #7d8590; }
        .bar { stroke: none; }
        .curve.weight, .curve.first, .curve.second { fill: none; }
        .q0 { fill: #440154; background: #440154; } .q1 { fill: #472d7b; background: #472d7b; } .q2 { fill: #3b528b; background: #3b528b; }
        .q3 { fill: #2c728e; background: #2c728e; } .q4 { fill: #21918c; background: #21918c; } .q5 { fill: #28ae80; background: #28ae80; }
        .q6 { fill: #5ec962; background: #5ec962; } .q7 { fill: #addc30; background: #addc30; } .q8 { fill: #fde725; background: #fde725; }
        .none { fill: var(--card); background: var(--card); }
        .swatch.none { border: 1px solid var(--line); margin-left: 8px; }
        .strip { display: grid; grid-template-columns: minmax(96px, 30%) minmax(0, 1fr); gap: 8px; align-items: stretch; min-height: 20px; }
        .strip svg { width: 100%; height: 20px; display: block; border-bottom: 1px solid var(--paper); }
        .strip.all { font-weight: 600; } .strip.marks svg { height: 6px; align-self: center; }
        .strip.marks, .strip.axis { font-size: .8em; color: var(--soft); }
        .ticks { display: flex; } .ticks span { flex: 1 1 0; min-width: 0; overflow: hidden; }
        .label { font-size: 13px; line-height: 20px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: left; }
        button.label { background: none; border: 0; padding-top: 0; padding-bottom: 0; padding-right: 0; border-radius: 0; } button.label.d0 { padding-left: 0; }
        .fold::before { content: "\25b8"; display: inline-block; width: 14px; color: var(--soft); } tr.fold::before { content: none; }
        .fold[aria-expanded=true]::before { content: "\25be"; }
        .label.d1 { padding-left: 12px; } .label.d2 { padding-left: 24px; } .label.d3 { padding-left: 36px; } .label.d4 { padding-left: 48px; }
        .label.d5, .label.d6, .label.d7, .label.d8 { padding-left: 60px; }
        .label.leaf::before { content: ""; display: inline-block; width: 14px; }
        .treemap svg, .scatter svg { display: block; max-width: 100%; }
        .treemap, .scatter { min-width: 0; overflow: hidden; }
        .treemap text { font-size: 11px; pointer-events: none; fill: #ffffff; stroke: none; }
        .treemap text.head { fill: var(--ink); }
        .treemap .part { stroke: var(--edge); stroke-width: .6; }
        .treemap .group { fill: var(--card); stroke: var(--line); stroke-width: 1; cursor: zoom-in; }
        .treemap g:focus-visible > rect { stroke: var(--link); stroke-width: 3; }
        .path { margin-bottom: 8px; } .path button { max-width: 100%; overflow: hidden; text-overflow: ellipsis; } .path button + button::before { content: none; }
        .path button[aria-current] { font-weight: 600; }
        .scatter text { font-size: 12px; fill: var(--soft); } .scatter text.named { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
        .dots { fill: none; stroke-width: 6; stroke-linecap: round; stroke-opacity: .75; } .dots.small { stroke-width: 3; stroke-opacity: .6; }
        .ring { fill: none; stroke: var(--ink); stroke-width: 1.5; }
        .outliers { margin: 0; padding-left: 1.2em; font-size: .9em; overflow-wrap: anywhere; }
        .hint { position: fixed; z-index: 9; pointer-events: none; max-width: min(480px, 94vw); background: var(--ink); color: var(--paper); padding: 6px 10px; border-radius: 6px; font-size: 13px; line-height: 1.4; overflow-wrap: anywhere; }
        .hint div:first-child { font-weight: 600; max-height: 5.6em; overflow: hidden; }
        .says { font-size: .92em; min-height: 1.4em; }
        .more { margin-top: 8px; }
        .scroll { overflow-x: auto; max-width: 100%; }
        table { border-collapse: collapse; width: 100%; font-size: .9em; font-variant-numeric: tabular-nums; }
        caption { text-align: left; padding: 0 0 6px; }
        th, td { padding: 2px 10px 2px 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; vertical-align: top; }
        thead th { font-weight: 600; color: var(--soft); } tr.fold th, tfoot th, tfoot td, tr.all th { font-weight: 600; }
        .number { text-align: right; }
        th.name, td.name { white-space: normal; overflow-wrap: anywhere; min-width: 150px; max-width: 560px; }
        td.coding { white-space: normal; min-width: 90px; }
        thead th button { background: none; border: 0; padding: 0; font-weight: 600; color: inherit; }
        th[aria-sort=ascending] button::after { content: " \25b4"; } th[aria-sort=descending] button::after { content: " \25be"; }
        th.name button { background: none; border: 0; padding: 0; text-align: left; font-weight: inherit; }
        th.leaf { padding-left: 14px; }
        th.d1 { padding-left: 14px; } th.d2 { padding-left: 28px; } th.d3 { padding-left: 42px; } th.d4 { padding-left: 56px; }
        th.d5, th.d6, th.d7, th.d8 { padding-left: 70px; }
        th.leaf.d1 { padding-left: 28px; } th.leaf.d2 { padding-left: 42px; } th.leaf.d3 { padding-left: 56px; } th.leaf.d4 { padding-left: 70px; }
        th.leaf.d5, th.leaf.d6, th.leaf.d7, th.leaf.d8 { padding-left: 84px; }
        summary { cursor: pointer; } summary h2 { display: inline; }
        .swatch.keyframe-mark { background: var(--ink); height: 6px; }
        footer { margin-top: 30px; color: var(--soft); font-size: .85em; }
        @media (max-width: 600px) { .plot > svg { height: 170px; } .strip { grid-template-columns: minmax(84px, 38%) minmax(0, 1fr); } }
        @media print {
          :root { --paper: #ffffff; --card: #f2f3f5; --ink: #000000; --soft: #444444; --line: #bbbbbb; --edge: #ffffff; color-scheme: light; }
          html { font-size: 11px; } body { padding: 0; max-width: none; } main { display: block; }
          section { margin-bottom: 18px; break-inside: avoid; } section.wide { break-inside: auto; } h2 { break-after: avoid; }
          tr, li, .strip { break-inside: avoid; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          .controls label, .controls button, .more, .hint, .path { display: none; }
          .scroll { overflow: visible; }
          table { font-size: 9px; } th, td { white-space: normal; padding-right: 6px; } th.name, td.name { min-width: 0; }
        }

        """#
}
