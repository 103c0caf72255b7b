import { describe, expect, it } from 'vitest';
import { parseManifest, type ParsedManifest } from '../../src/manifest/parse.js';
import type { Take } from '../../src/domain/take.js';

const TOP = 'version: 1\ndefaults: { model: maker/model }\n';

function read(shots: string, csv: string | Uint8Array, top = TOP): ParsedManifest {
  return parseManifest({
    text: `${top}shots:${shots}`,
    file: 'films/shots.yaml',
    tables: new Map([['rows.csv', csv]]),
  });
}

const ROWS = ' { from: rows.csv, prompt: "{{product}} in {{lang}}" }';

function takes(shots: string, csv: string | Uint8Array): readonly Take[] {
  const { manifest, diagnostics } = read(shots, csv);
  if (!manifest) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return manifest.takes;
}

/** Where and what each finding is: `rows.csv:3 table-invalid`. */
function found(shots: string, csv: string | Uint8Array, top = TOP): string[] {
  return read(shots, csv, top).diagnostics.map(
    ({ at, code, severity, message }) =>
      `${severity === 'warning' ? 'warning ' : ''}${at?.file ?? ''}:${at?.line ?? ''} ${code}: ${message}`,
  );
}

const prompts = (all: readonly Take[]) => all.map(({ key, settings }) => `${key}: ${settings.prompt ?? ''}`);

describe('shots from a table', () => {
  it('makes a shot of each row, named by its column id', () => {
    const all = takes(ROWS, 'id,product,lang\npack-de,a backpack,German\npack-fr,"a bag, red",French\n');
    expect(prompts(all)).toEqual(['pack-de: a backpack in German', 'pack-fr: a bag, red in French']);
    expect(all.map(({ manifest_id, matrix }) => [manifest_id, matrix['lang']])).toEqual([
      ['pack-de', 'German'],
      ['pack-fr', 'French'],
    ]);
  });

  it('names rows by a template of columns', () => {
    const shots = ' { from: rows.csv, id: "{{product}}-{{lang}}", prompt: "{{product}} in {{lang}}" }';
    expect(takes(shots, 'product,lang\nbag,de\nbag,fr\n').map(({ key }) => key)).toEqual([
      'bag-de',
      'bag-fr',
    ]);
  });

  it('gives fields by the columns of their names, with the types of the fields', () => {
    const csv = 'id,prompt,duration,seed,generate_audio,takes\na,p,08,7,TRUE,2\nb,q,4,,false,\n';
    const all = takes(' { from: rows.csv, vars: { note: x } }', csv);
    expect(all.map(({ key, settings }) => ({ key, ...settings }))).toEqual([
      { key: 'a@1', model: 'maker/model', prompt: 'p', duration: 8, seed: 7, generate_audio: true },
      { key: 'a@2', model: 'maker/model', prompt: 'p', duration: 8, seed: 8, generate_audio: true },
      { key: 'b', model: 'maker/model', prompt: 'q', duration: 4, generate_audio: false },
    ]);
  });

  it('tells a model the cell as it is written', () => {
    const all = takes(' { from: rows.csv, prompt: "no. {{seed}}" }', 'id,seed\na,007\n');
    expect(prompts(all)).toEqual(['a: no. 007']);
  });

  it('reads what spreadsheets write: a byte order mark, semicolons, quotes, empty lines at the end', () => {
    const csv = '\uFEFFid;product;lang\r\na;"say ""hi""; twice\r\nand again";de\r\n\r\nb; x ;fr\r\n';
    expect(prompts(takes(ROWS, csv))).toEqual(['a: say "hi"; twice\nand again in de', 'b: x in fr']);
    expect(prompts(takes(ROWS, Buffer.from(csv)))).toHaveLength(2);
  });

  it('leaves an empty cell to the vars of the shot', () => {
    const shots = ' { from: rows.csv, vars: { lang: English }, prompt: "{{product}} in {{lang}}" }';
    expect(prompts(takes(shots, 'id,product,lang\na,bag,\n'))).toEqual(['a: bag in English']);
  });

  it('keeps the ids of rows that are moved, and of those beside added ones', () => {
    const ids = (csv: string) => takes(ROWS, csv).map(({ key, settings }) => [key, settings.prompt]);
    const [a, b] = ids('id,product,lang\na,x,de\nb,y,de\n');
    expect(ids('id,lang,product\nc,de,z\nb,de,y\na,de,x\n')).toEqual([['c', 'z in de'], b, a]);
  });

  it('lets a thousand rows and more be shots without an option', () => {
    const rows = Array.from({ length: 3000 }, (_, index) => `s${index},p${index},de`);
    expect(takes(ROWS, ['id,product,lang', ...rows].join('\n'))).toHaveLength(3000);
  });

  it('points at the row whose value a model does not offer', () => {
    const { manifest, locate } = read(' { from: rows.csv }', 'id,prompt,duration\na,p,4\nb,q,7\n');
    const [, take] = manifest?.takes ?? [];
    expect(take && locate(take, 'duration')).toMatchObject({ file: 'films/rows.csv', line: 3 });
    expect(take && locate(take)).toMatchObject({ file: 'films/rows.csv', line: 3 });
  });
});

describe("a table as a shot's matrix", () => {
  it('names shots by the shot and the column id', () => {
    const all = takes(
      '\n  - { id: spot, prompt: "{{text}}", matrix: { from: rows.csv } }\n  - { id: end, prompt: e }',
      'id,text\nde,Hallo\nfr,Salut\n',
    );
    expect(prompts(all)).toEqual(['spot.de: Hallo', 'spot.fr: Salut', 'end: e']);
    expect(all.map(({ manifest_id }) => manifest_id)).toEqual(['spot', 'spot', 'end']);
  });

  it('takes part as the slowest list, and is excluded from and added to as other lists are', () => {
    const all = takes(
      `
  - id: spot
    prompt: "{{text}} {{voice}}"
    matrix:
      from: rows.csv
      model: [a/x, b/y]
      exclude: [{ id: fr, model: b/y }]
      include: [{ lang: de, voice: deep }, { lang: fr, voice: high }]`,
      'id,lang,text\nde,de,Hallo\nfr,fr,Salut\n',
    );
    expect(prompts(all)).toEqual(['spot.de.x: Hallo deep', 'spot.de.y: Hallo deep', 'spot.fr.x: Salut high']);
  });

  it('follows the row of its own in another shot with the same table', () => {
    const [, , first] = takes(
      `
  - { id: a, prompt: "{{text}}", matrix: { from: rows.csv } }
  - { id: b, prompt: "{{text}}!", first_frame: { from: a }, matrix: { from: rows.csv } }`,
      'id,text\nde,Hallo\nfr,Salut\n',
    );
    expect(first?.frames[0]?.source).toMatchObject({ shot: 'a.de' });
  });
});

describe('a faulty table', () => {
  const head = 'id,product,lang\na,x,de\n';

  it.each([
    ['a quote that never closes', `${head}b,"y,fr\nc,z,it\n`, ':3 table-invalid: a quote opens'],
    ['text behind a quote', `${head}b,"y"y,fr\n`, ':3 table-invalid: text follows the closing quote'],
    ['a quote within a cell', `${head}b,y"y,fr\n`, ':3 table-invalid: a quote stands in the middle'],
    ['a row with a cell too many', `${head}b,y,fr,\n`, ':3 table-invalid: the row has 4 cells'],
    ['a row with a cell too few', `${head}\n"b",y\n`, ':4 table-invalid: the row has 2 cells'],
    [
      'a row behind a cell of two lines',
      `id,product,lang\na,"x\ny",de\nb\n`,
      ':4 table-invalid: the row has 1',
    ],
    ['an empty cell that a prompt needs', `${head}b,,fr\n`, ':3 unknown-var: the row has no product'],
    ['a row without an id', `${head},y,fr\n`, ':3 missing-key: the row has no id'],
    ['an id that names no file', `${head}b/c,y,fr\n`, ':3 unsafe-id: the id "b/c"'],
    ['two rows of one id', `${head}A,y,fr\n`, ':3 duplicate-id: the shot A is already made from line 2'],
    [
      'two rows for one clip',
      `${head}b,x,de\n`,
      ':3 table-invalid: b asks for the same clip as a, from line 2',
    ],
    [
      'a column twice',
      'id,product,lang,Lang\na,x,de,de\n',
      ':1 table-invalid: two columns are called lang and Lang',
    ],
    ['a column that no text can use', 'id,product,my lang\na,x,de\n', ':1 table-invalid: no text can use'],
    ['a cell below no name', 'id,product,\na,x,de\n', ':2 table-invalid: a cell of this row stands below'],
    [
      'a column of a list',
      'id,product,references\na,x,y.png\n',
      ':1 table-invalid: a cell cannot hold references',
    ],
    [
      'a misspelt field',
      'id,product,lang,promt\na,x,de,p\n',
      ':1 table-invalid: nothing in the shot uses {{promt}}',
    ],
    [
      'a value that a field cannot have',
      'id,product,lang,duration\na,x,de,long\n',
      ':2 wrong-type: duration',
    ],
    ['no rows', 'id,product,lang\n', ':1 table-invalid: the table has a header and no rows'],
    ['nothing', '', ':1 table-invalid: the table is empty'],
    ['binary data', 'id,product\0\n', ':1 table-invalid: the file contains the control character'],
  ])('is told by the line of its row: %s', (_, csv, message) => {
    expect(found(ROWS, csv)[0]).toContain(`films/rows.csv${message}`);
  });

  it('is told where the manifest names it, if the fault is there', () => {
    const noFile = parseManifest({ text: `${TOP}shots:${ROWS}`, file: 's.yaml' });
    expect(noFile.diagnostics).toMatchObject([{ code: 'file-missing', at: { line: 3 } }]);
    const outside = read(' { from: ../rows.csv, prompt: p }', '');
    expect(outside.diagnostics).toMatchObject([
      { code: 'path-outside', at: { file: 'films/shots.yaml', line: 3 } },
    ]);
    expect(found(' { prompt: p }', '')).toEqual([
      'films/shots.yaml:3 missing-key: the shots are a map without from:',
    ]);
    expect(found('\n  - { id: a, prompt: "{{x}}", matrix: { from: rows.csv } }', 'x\n1\n')[0]).toBe(
      'films/shots.yaml:4 missing-key: nothing names the rows of rows.csv',
    );
    expect(found(' { from: rows.csv, prompt: "{{produkt}}" }', 'id,product\na,x\n')[0]).toContain(
      'films/shots.yaml:3 unknown-var',
    );
  });

  it('costs a few findings, not one for each of ten thousand rows and columns', () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => `s${index},x`);
    expect(found(ROWS, ['id,product,lang', ...rows].join('\n')).length).toBeLessThanOrEqual(20_000);
  });
});
