const css = String.raw;

/** The screening and the list of keys. The screening is dark whatever the page is. */
export const theatreStyle = css`
  dialog {
    border: 0;
    color: inherit;
  }
  .theatre {
    color-scheme: dark;
    --ground: #000;
    display: flex;
    flex-direction: column;
    width: 100%;
    height: 100%;
    max-width: none;
    max-height: none;
    padding: 0;
    background: #000;
    color: #ebe8e1;
    outline: 0;
  }
  .screen {
    --columns: 1;
    flex: 1;
    min-height: 0;
    display: grid;
    grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
    grid-auto-rows: minmax(0, 1fr);
    gap: 12px;
  }
  .several .screen {
    padding: 16px;
  }
  figure {
    position: relative;
    display: flex;
    flex-direction: column;
    min-height: 0;
  }
  figure video {
    flex: 1 1 auto;
    width: 100%;
    min-height: 0;
    object-fit: contain;
  }
  .several figure video {
    flex: 0 1 auto;
  }
  figcaption {
    display: flex;
    align-items: center;
    gap: 12px;
    justify-content: center;
    padding: 9px 6px 2px;
    color: #a09c93;
  }
  .several figure {
    max-height: 100%;
    place-self: center;
    width: 100%;
    padding: 8px;
    border-radius: 6px;
    cursor: pointer;
  }
  .several figure.chosen {
    background: #1c1c1f;
  }
  .chosen figcaption {
    color: #ebe8e1;
  }
  .programme {
    display: flex;
    align-items: flex-start;
    gap: 18px;
    padding: 14px var(--edge) 0;
  }
  .programme > div {
    display: grid;
    grid-template-columns: minmax(140px, 18ch) minmax(0, 80ch);
    gap: 0 24px;
  }
  .programme h2 {
    font-size: 15px;
    padding-top: 2px;
  }
  .programme .prompt {
    max-height: 4.4em;
    overflow-y: auto;
    font-size: 14px;
    padding-top: 2px;
  }
  .programme .take {
    display: block;
  }
  .programme .facts {
    grid-column: 2;
    margin-top: 3px;
  }
  .desk {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 12px var(--edge) 16px;
  }
  .desk .time,
  .desk .counter {
    min-width: 9ch;
    color: #a09c93;
    text-align: center;
    white-space: nowrap;
  }
  .desk input {
    flex: 1;
    min-width: 60px;
    height: 24px;
    accent-color: #ebe8e1;
    cursor: pointer;
  }
  .help {
    width: min(460px, calc(100vw - 32px));
    margin: auto;
    padding: 26px 30px 30px;
    border-radius: 12px;
    background: var(--raised);
    color: var(--ink);
    box-shadow: 0 20px 70px rgb(0 0 0 / 0.4);
  }
  .help::backdrop {
    background: rgb(0 0 0 / 0.5);
  }
  .help .round {
    position: absolute;
    top: 18px;
    right: 18px;
    border-color: transparent;
  }
  .help h2 {
    margin: 0 0 8px;
    font-size: 15px;
  }
  .help dl + h2 {
    margin-top: 22px;
  }
  .help dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 7px 18px;
  }
  @media (max-width: 700px) {
    .programme > div {
      display: block;
    }
    .desk {
      flex-wrap: wrap;
      gap: 8px;
    }
    .desk input {
      order: -1;
      flex-basis: 100%;
    }
    .desk .quiet span,
    .desk .time {
      display: none;
    }
    .desk .counter {
      margin-right: auto;
    }
  }
`;
