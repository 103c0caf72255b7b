const css = String.raw;

/**
 * The sheet of cards, and the shots with their takes side by side. On paper a clip without a player leaves a plain box,
 * not a black one: no player can be had in time once the printing has begun.
 */
export const galleryStyle = css`
  main {
    padding: 24px var(--edge) 80px;
  }
  .count {
    display: block;
    margin: -8px 0 16px;
    color: var(--soft);
  }
  .gallery,
  .strip {
    --cell: max(200px, 172px * var(--shape));
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--cell)), 1fr));
    gap: 30px 20px;
    align-items: start;
  }
  .gallery.by-shot {
    display: block;
  }
  .shot {
    display: grid;
    grid-template-columns: 230px 1fr;
    gap: 14px 32px;
    padding: 22px 0 26px;
    border-top: 1px solid var(--faint);
  }
  .shot:first-child {
    border-top: 0;
    padding-top: 0;
  }
  .shot > header {
    position: sticky;
    top: 70px;
    align-self: start;
  }
  .shot h2 {
    font-size: 17px;
    letter-spacing: -0.01em;
  }
  .shot .sum {
    color: var(--soft);
    margin-bottom: 8px;
  }
  .shot > header .prompt {
    margin-bottom: 12px;
    color: var(--soft);
  }
  .shot.same-words .card .prompt {
    display: none;
  }
  .card {
    position: relative;
    min-width: 0;
    scroll-margin: 80px 0 40px;
    border-radius: 3px;
    content-visibility: auto;
    contain-intrinsic-size: auto 330px;
  }
  .card:focus-visible {
    outline-offset: 7px;
  }
  .stage {
    position: relative;
    aspect-ratio: var(--shape);
    border-radius: 3px;
    background: var(--film);
    color: #fff;
    overflow: hidden;
    cursor: pointer;
  }
  .stage video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
  }
  .picked .stage::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 2px solid var(--pencil);
    border-radius: inherit;
    pointer-events: none;
  }
  .edge,
  .length {
    position: absolute;
    top: 7px;
    left: 9px;
    font: 10.5px/1 var(--mono);
    letter-spacing: 0.04em;
    color: #fff;
    text-shadow:
      0 0 3px #000,
      0 0 6px #000;
    opacity: 0.85;
    pointer-events: none;
  }
  .length {
    left: auto;
    right: 9px;
  }
  .play {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    opacity: 0;
    transition: opacity 0.15s;
  }
  .play .icon {
    width: 46px;
    height: 46px;
    padding: 13px 12px 13px 14px;
    border-radius: 50%;
    background: rgb(0 0 0 / 0.5);
    fill: #fff;
  }
  .card:focus-visible .play,
  .play:focus-visible {
    opacity: 1;
  }
  .play:focus-visible {
    outline-offset: -4px;
  }
  [data-playing] .play {
    opacity: 0;
  }
  .played {
    position: absolute;
    left: 0;
    bottom: 0;
    width: 100%;
    height: 2px;
    background: var(--rebate);
    transform: scaleX(var(--played, 0));
    transform-origin: left;
  }
  .broken {
    display: none;
    position: absolute;
    inset: 0;
    padding: 28px 14px;
    background: var(--film);
    color: #d6d2c8;
  }
  [data-broken] .broken,
  .is-broken .broken {
    display: block;
  }
  .outputs {
    position: absolute;
    bottom: 8px;
    right: 8px;
    display: flex;
    gap: 3px;
  }
  .outputs button {
    width: 24px;
    height: 24px;
    border-radius: 12px;
    background: rgb(0 0 0 / 0.55);
    font-size: 11px;
  }
  .outputs button[aria-pressed='true'] {
    background: #fff;
    color: #000;
  }
  .card:not(.delivered) > .stage:not(:has(video, .play)) {
    border: 1px solid var(--faint);
    background: repeating-linear-gradient(-45deg, transparent 0 9px, var(--faint) 9px 10px);
    color: inherit;
    cursor: default;
  }
  .card:not(.delivered) > .stage:not(:has(.play)) .edge {
    color: var(--soft);
    text-shadow: none;
  }
  .verdict {
    position: absolute;
    inset: auto 0 0;
    max-height: 100%;
    padding: 14px 15px;
    background: linear-gradient(transparent, var(--ground) 18px);
    overflow-y: auto;
  }
  .verdict .state {
    font-weight: 600;
    margin-bottom: 2px;
  }
  .state {
    display: inline-flex;
    align-items: center;
    gap: 5px;
    color: var(--mark);
  }
  .caption {
    padding-top: 9px;
  }
  .caption > * + * {
    margin-top: 5px;
  }
  .caption header {
    display: flex;
    align-items: flex-start;
    justify-content: space-between;
    gap: 10px;
  }
  h3 {
    font-size: 14px;
    line-height: 1.35;
    padding-top: 3px;
    letter-spacing: -0.005em;
  }
  .take {
    font-weight: 400;
    color: var(--soft);
    white-space: nowrap;
  }
  button.take:hover {
    color: var(--ink);
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .prompt {
    white-space: pre-line;
    text-wrap: pretty;
  }
  .card .prompt {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    line-clamp: 3;
    overflow: hidden;
  }
  .card:has(details[open]) .prompt {
    display: block;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 10px;
    color: var(--soft);
  }
  .outcome {
    display: flex;
    gap: 10px;
    color: var(--soft);
  }
  .caption > .facts + .outcome {
    margin-top: 1px;
  }
  .cost:not(.none) {
    color: var(--ink);
  }
  .state + .cost {
    margin-left: auto;
  }
  .why {
    color: var(--soft);
  }
  .warning {
    display: flex;
    gap: 7px;
    color: var(--pencil);
  }
  .warning .icon {
    margin-top: 3px;
  }
  .labels {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 12px;
    color: var(--soft);
  }
  .labels i {
    font-style: normal;
  }
  .tag {
    overflow-wrap: anywhere;
    text-align: left;
  }
  .tag::before {
    content: '#';
    opacity: 0.6;
  }
  .tag:hover {
    color: var(--ink);
  }
  .labels {
    padding-right: 70px;
  }
  .caption > .labels + details {
    margin-top: -1.45em;
  }
  summary {
    width: max-content;
    margin-left: auto;
    color: var(--soft);
    cursor: pointer;
    list-style: none;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary::after {
    content: ' +';
  }
  details[open] summary::after {
    content: ' –';
  }
  summary:hover {
    color: var(--ink);
  }
  details dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 2px 14px;
    margin-top: 6px;
    padding-top: 7px;
    border-top: 1px solid var(--faint);
  }
  details dt {
    color: var(--soft);
  }
  .pick {
    position: relative;
    flex: none;
    display: grid;
    place-items: center;
    width: 26px;
    height: 26px;
    margin-right: 4px;
    border-radius: 50%;
    color: var(--soft);
  }
  .pick::before {
    content: '';
    position: absolute;
    inset: 2px;
    border: 1px dashed var(--soft);
    border-radius: 50%;
    opacity: 0.6;
  }
  .pick:hover {
    color: var(--pencil);
  }
  .pick .ring {
    position: absolute;
    inset: -4px;
    width: 34px;
    height: 34px;
    color: var(--pencil);
    stroke-dasharray: 112;
    stroke-dashoffset: 112;
    transition: stroke-dashoffset 0.25s ease-out;
  }
  .pick[aria-pressed='true'] {
    color: var(--pencil);
    font-weight: 700;
  }
  .pick[aria-pressed='true']::before {
    opacity: 0;
  }
  .pick[aria-pressed='true'] .ring {
    stroke-dashoffset: 0;
  }
  .empty {
    padding: 12vh 0;
    text-align: center;
    color: var(--soft);
  }
  .empty .quiet {
    margin-top: 14px;
    color: var(--ink);
  }
  @media (max-width: 700px) {
    main {
      padding-top: 18px;
    }
    .gallery,
    .strip {
      --cell: max(165px, 172px * var(--shape));
      gap: 26px 14px;
    }
    .shot {
      grid-template-columns: 1fr;
    }
    .shot > header {
      position: static;
    }
  }
  @media print {
    :root {
      color-scheme: light !important;
    }
    .toolbar,
    .actions,
    details,
    .play {
      display: none;
    }
    .card {
      break-inside: avoid;
      content-visibility: visible;
    }
    .stage {
      border: 1px solid var(--faint);
      background: none;
      color: inherit;
    }
    .stage:not(:has(video)) :is(.edge, .length) {
      color: var(--soft);
      text-shadow: none;
    }
    .broken {
      background: none;
      color: inherit;
    }
  }
`;
