import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { pageScript } from '../../src/sheet/page/index.js';
import { livePageScript } from '../../src/sheet/page/live/index.js';

const folder = join(import.meta.dirname, '../../src/sheet/page');

/** Of the sheet, and of the page that is served. */
const SCRIPTS = [pageScript('report'), livePageScript('report', 'x-1')];

describe('the script of the page', () => {
  it('is one script that a browser can read, and nothing in it ends its element', () => {
    for (const script of SCRIPTS) {
      expect(() => new Script(script)).not.toThrow();
      expect(script).not.toMatch(/<\/script|<!--/i);
      expect(script).not.toContain('\r');
    }
  });

  it('is made of functions that need nothing beside themselves', async () => {
    const names = await readdir(folder, { recursive: true });
    const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('index.ts'));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const text = await readFile(join(folder, file), 'utf8');
      const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
      const left = source.statements.filter((statement) => !isType(statement));
      // What remains of the file is one function, and where the file is about types nothing.
      expect(
        left
          .map((statement) => ts.SyntaxKind[statement.kind])
          .filter((kind) => kind !== 'FunctionDeclaration'),
        file,
      ).toEqual([]);
      expect(left.length, file).toBeLessThanOrEqual(1);
    }
  });

  it('makes no markup out of strings', () => {
    const sinks =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|eval\(|new Function/;
    for (const script of SCRIPTS) expect(script).not.toMatch(sinks);
  });
});

function isType(statement: ts.Statement): boolean {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return true;
  return (
    ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  );
}
