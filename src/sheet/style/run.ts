const css = String.raw;

/** The pictures of the run. */
export const runStyle = css`
  .run {
    display: grid;
    gap: 54px;
  }
  .picture {
    min-width: 0;
  }
  .picture h2 {
    margin-bottom: 2px;
    font-size: 17px;
    letter-spacing: -0.01em;
  }
  .summary {
    color: var(--soft);
  }
  .timeline-box {
    margin-top: 16px;
    position: relative;
  }
  .timeline {
    max-height: 62vh;
    overflow: auto;
  }
  .timeline svg {
    display: block;
  }
  .timeline.pointing {
    cursor: pointer;
  }
  .timeline text {
    font-size: 11px;
    fill: var(--soft);
    pointer-events: none;
  }
  .timeline .tick {
    stroke: var(--faint);
  }
  .timeline path.cut {
    stroke: var(--soft);
    stroke-dasharray: 2 4;
  }
  .timeline .word {
    fill: light-dark(#fff, #101012);
  }
  .queued {
    fill: var(--faint);
    background: var(--faint);
  }
  .rendering {
    --bar: light-dark(#57534a, #bdb8ad);
    fill: var(--bar);
    background: var(--bar);
  }
  .rendering.failed,
  .rendering.held,
  .rendering.active,
  i.failed {
    --bar: var(--mark);
  }
  .rendering.active {
    opacity: 0.6;
  }
  i.failed {
    background: var(--bar);
  }
  .downloading {
    fill: var(--active);
    background: var(--active);
  }
  path.thread {
    fill: none;
    stroke: var(--pencil);
    stroke-width: 1.5;
  }
  .tip {
    position: absolute;
    z-index: 2;
    top: 0;
    left: 0;
    max-width: min(420px, 90%);
    padding: 7px 11px;
    border-radius: 6px;
    background: var(--ink);
    color: var(--ground);
    visibility: hidden;
    pointer-events: none;
  }
  .tip.shown {
    visibility: visible;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 20px;
    margin-top: 12px;
    color: var(--soft);
  }
  .legend i {
    display: inline-block;
    width: 14px;
    height: 8px;
    margin-right: 7px;
    border-radius: 1px;
  }
  .legend .downloading {
    height: 3px;
    vertical-align: middle;
  }
  .legend .thread {
    height: 2px;
    vertical-align: middle;
    background: var(--pencil);
  }
  .costs {
    width: 100%;
    border-collapse: collapse;
  }
  .costs th,
  .costs td {
    padding: 7px 0 7px 24px;
    text-align: right;
    white-space: nowrap;
  }
  .costs thead th {
    padding-top: 8px;
    color: var(--soft);
    font-weight: 400;
  }
  .costs th:first-child {
    padding-left: 0;
    text-align: left;
    font-weight: 400;
    max-width: 30vw;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .costs tbody tr {
    border-top: 1px solid var(--faint);
  }
  .costs .bar {
    width: 100%;
  }
  .costs .bar div {
    display: flex;
    height: 12px;
  }
  .costs .kept {
    --bar: light-dark(#57534a, #bdb8ad);
    background: var(--bar);
  }
  .costs .other {
    background: repeating-linear-gradient(-45deg, var(--failed) 0 2px, transparent 2px 5px);
  }
  .costs .money {
    font-weight: 600;
  }
  @media (max-width: 700px) {
    .costs th,
    .costs td {
      padding-left: 12px;
    }
    .costs :is(th, td):nth-child(n + 5) {
      display: none;
    }
  }
`;
