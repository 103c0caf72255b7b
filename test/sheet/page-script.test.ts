import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { pageScript } from '../../src/sheet/page/index.js';

const folder = join(import.meta.dirname, '../../src/sheet/page');

describe('the script of the page', () => {
  it('is one script that a browser can read, and nothing in it ends its element', () => {
    const script = pageScript('report');
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/<\/script|<!--/i);
    expect(script).not.toContain('\r');
  });

  it('is made of functions that need nothing beside themselves', async () => {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
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
    expect(pageScript('report')).not.toMatch(sinks);
  });
});

function isType(statement: ts.Statement): boolean {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return true;
  return (
    ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  );
}
