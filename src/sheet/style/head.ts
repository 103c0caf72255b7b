const css = String.raw;

/** The masthead and the toolbar. */
export const headStyle = css`
  .masthead {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: 18px 44px;
    padding: 30px var(--edge) 22px;
  }
  .title h1 {
    font-size: 34px;
    line-height: 1.05;
    letter-spacing: -0.025em;
  }
  .title p {
    margin-top: 5px;
    color: var(--soft);
  }
  .totals {
    display: flex;
    flex-wrap: wrap;
    gap: 10px 30px;
    margin-right: auto;
  }
  .totals dt {
    color: var(--soft);
    font-size: 12px;
  }
  .totals dd {
    font-size: 17px;
    line-height: 1.3;
    color: var(--soft);
    white-space: nowrap;
  }
  .totals .unpriced {
    white-space: normal;
  }
  .totals b {
    font-weight: 600;
    color: var(--mark, var(--ink));
  }
  .meter {
    display: inline-block;
    vertical-align: middle;
    width: 64px;
    height: 4px;
    margin-left: 10px;
    border-radius: 2px;
    background: linear-gradient(var(--ink) 0 0) 0 / calc(var(--share) * 100%) 100% no-repeat var(--faint);
  }
  .actions {
    display: flex;
    gap: 8px;
  }
  .export b {
    min-width: 18px;
    padding: 0 5px;
    border-radius: 9px;
    background: var(--pencil);
    color: var(--ground);
    font-size: 11px;
    line-height: 18px;
  }
  .toast {
    position: fixed;
    z-index: 9;
    right: var(--edge);
    bottom: 24px;
    max-width: calc(100vw - 2 * var(--edge));
    padding: 10px 16px;
    border-radius: 8px;
    background: var(--ink);
    color: var(--ground);
    visibility: hidden;
    opacity: 0;
    transition: opacity 0.2s;
  }
  .toast.shown {
    visibility: visible;
    opacity: 1;
  }
  .toolbar {
    position: sticky;
    z-index: 5;
    top: 0;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 14px;
    padding: 9px var(--edge);
    border-block: 1px solid var(--faint);
    background: var(--ground);
  }
  .views {
    display: flex;
    gap: 18px;
  }
  .views button {
    padding: 6px 0 5px;
    border-bottom: 1.5px solid transparent;
    color: var(--soft);
  }
  .views button:hover {
    color: var(--ink);
  }
  .views button[aria-pressed='true'] {
    border-color: var(--ink);
    color: var(--ink);
    font-weight: 600;
  }
  .idle > :not(.views) {
    visibility: hidden;
  }
  .search {
    position: relative;
    flex: 1 1 150px;
    max-width: 280px;
  }
  .search input {
    width: 100%;
    height: 32px;
    padding: 0 34px 0 13px;
    border: 1px solid var(--faint);
    border-radius: 16px;
    background: var(--raised);
    appearance: none;
  }
  .search input::placeholder {
    color: var(--soft);
  }
  .search kbd {
    position: absolute;
    top: 7px;
    right: 9px;
  }
  .search input:focus + kbd,
  .search input:not(:placeholder-shown) + kbd {
    display: none;
  }
  .chips {
    display: flex;
    gap: 4px;
    margin-right: auto;
    overflow-x: auto;
    scrollbar-width: none;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    flex: none;
    height: 30px;
    padding: 0 7px;
    border: 1px solid transparent;
    border-radius: 15px;
    color: var(--soft);
  }
  .chip:focus-visible {
    outline-offset: -2px;
  }
  .chip b {
    font-weight: 400;
  }
  .chip svg {
    width: 13px;
    height: 13px;
    color: var(--mark, var(--pencil));
  }
  .chip .ring {
    stroke-width: 4.5;
  }
  .chip:hover {
    color: var(--ink);
  }
  .chip[aria-pressed='true'] {
    border-color: var(--mark, var(--pencil));
    background: var(--raised);
    color: var(--ink);
  }
  .choices {
    display: flex;
    gap: 6px;
  }
  .choices select {
    height: 32px;
    max-width: 116px;
    padding: 0 8px;
    border: 1px solid var(--faint);
    border-radius: 8px;
    background: var(--raised);
  }
  @media (max-width: 700px) {
    .masthead {
      gap: 16px;
      padding: 20px var(--edge) 16px;
    }
    .title h1 {
      font-size: 28px;
    }
    .totals {
      order: 3;
      gap: 8px 22px;
      width: 100%;
    }
    .actions {
      width: 100%;
      order: 4;
    }
    .actions .primary,
    .actions .quiet {
      flex: 1;
    }
    .toolbar {
      gap: 7px 14px;
    }
    .search {
      flex-basis: 140px;
    }
    .toolbar {
      position: static;
    }
    .idle > :not(.views) {
      display: none;
    }
    .chips,
    .choices {
      flex: 0 0 100vw;
      margin-inline: calc(-1 * var(--edge));
      padding-inline: calc(var(--edge) - 7px);
    }
    .choices {
      min-width: 0;
      padding-inline: var(--edge);
    }
    .choices select {
      flex: 1;
      min-width: 0;
      max-width: none;
    }
  }
`;
