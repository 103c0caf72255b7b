const css = String.raw;

/** Colours, type and the small pieces that recur. */
export const baseStyle = css`
  :root {
    color-scheme: dark light;
    --ground: light-dark(#f3f0e9, #101012);
    --raised: light-dark(#fbf9f4, #19191c);
    --ink: light-dark(#1d1b17, #ebe8e1);
    --soft: light-dark(#66625a, #a09c93);
    --faint: light-dark(#dbd6ca, #2b2b2f);
    --film: #050506;
    --rebate: #c9a14a;
    --pencil: light-dark(#b45309, #ffc531);
    --failed: light-dark(#b3261e, #ff7b6e);
    --held: light-dark(#6d3fc4, #c3a5ff);
    --active: light-dark(#0b6a9e, #6cc3f5);
    --good: light-dark(#3c7a3f, #86bf86);
    --edge: clamp(16px, 3vw, 40px);
    --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace;
    font:
      13px/1.45 -apple-system,
      BlinkMacSystemFont,
      'Segoe UI',
      Roboto,
      'Helvetica Neue',
      'Noto Sans',
      'Liberation Sans',
      Arial,
      sans-serif;
  }
  :root[data-theme='light'] {
    color-scheme: light;
  }
  :root[data-theme='dark'] {
    color-scheme: dark;
  }
  * {
    box-sizing: border-box;
    margin: 0;
  }
  [hidden] {
    display: none !important;
  }
  body {
    min-height: 100vh;
    background: var(--ground);
    color: var(--ink);
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
    -webkit-font-smoothing: antialiased;
  }
  h1,
  h2,
  h3,
  th {
    font: inherit;
    font-weight: 600;
  }
  ul,
  dl {
    list-style: none;
    padding: 0;
  }
  dd {
    margin: 0;
  }
  button,
  input,
  select {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    border: 0;
    padding: 0;
    background: none;
    cursor: pointer;
  }
  button:disabled {
    opacity: 0.4;
    cursor: default;
  }
  a {
    color: inherit;
    text-decoration-color: var(--soft);
    text-underline-offset: 2px;
  }
  :focus-visible {
    outline: 2px solid var(--ink);
    outline-offset: 2px;
  }
  kbd {
    font: 11px/1 var(--mono);
    padding: 3px 5px;
    border: 1px solid var(--faint);
    border-radius: 4px;
    color: var(--soft);
  }
  .icon {
    width: 1em;
    height: 1em;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .ring {
    fill: none;
    stroke: currentColor;
    stroke-width: 2.4;
    stroke-linecap: round;
  }
  .quiet,
  .round,
  .primary {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 7px;
    height: 32px;
    padding: 0 13px;
    border: 1px solid var(--faint);
    border-radius: 16px;
    white-space: nowrap;
  }
  .round {
    width: 32px;
    padding: 0;
    flex: none;
    font-size: 15px;
  }
  .quiet:hover,
  .round:hover,
  .quiet[aria-pressed='true'] {
    border-color: var(--soft);
  }
  .primary {
    border-color: transparent;
    background: var(--ink);
    color: var(--ground);
    font-weight: 600;
  }
  .primary .icon {
    fill: currentColor;
  }
  .failed {
    --mark: var(--failed);
  }
  .held {
    --mark: var(--held);
  }
  .active {
    --mark: var(--active);
  }
  .delivered {
    --mark: var(--good);
  }
  .blocked,
  .missing {
    --mark: var(--soft);
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    ::before,
    ::after {
      transition: none !important;
      animation: none !important;
    }
  }
`;
