// The command in a few files instead of several hundred modules: Node starts it in half the time. Whatever only some
// commands need stays in files of its own, and is loaded when it is needed. The files are CommonJS, which Node loads without
// waiting. The library keeps its modules.
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const { peerDependencies } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * The packages that stay outside: those that a user may install, the one that shares its instance with them, and the database's
 * client, which looks for an addition of its own.
 */
const OUTSIDE = [...Object.keys(peerDependencies), 'mediabunny', 'pg'];

/**
 * The package yaml gives Node its CommonJS modules, each of which V8 compiles twice: when its function is created, and when it is called.
 * The same code as ES modules, meant for browsers, starts sooner (docs/performance.md).
 */
const YAML_MODULES = fileURLToPath(new URL('../browser/dist/index.js', import.meta.resolve('yaml')));

/**
 * The files that are loaded whole, each with all that its modules import at the top and that no file before it has. Without
 * them, every module that two commands share would be a file of its own.
 */
const FILES = [
  { name: 'start', of: ['cli/run-cli.js'] },
  { name: 'everyday', of: ['cli/print-plan.js', 'flow/commands/status.js'] },
  { name: 'run', of: ['cli/run-manifest.js'] },
  { name: 'agent', of: ['mcp/serve.js'] },
];

/** Puts the bundle of `dist/cli/main.js` in the place of the folder `dist/cli`. `dist` is an absolute path. */
export async function bundleCommand(dist) {
  const [from, to] = [join(dist, 'cli'), join(dist, 'cli.bundle')];
  const graph = rememberGraph();
  const group = ({ name, of }) => {
    const modules = once(() => graph.below(of.map((module) => join(dist, module))));
    return { name, test: (id) => modules().has(id) };
  };
  const bundle = await rolldown({
    input: join(from, 'main.js'),
    platform: 'node',
    resolve: { alias: { yaml: YAML_MODULES } },
    external: OUTSIDE.map((name) => new RegExp(`^${name}(?:/|$)`)),
    plugins: [keepPlaces(dist, from), graph.plugin],
    onLog(level, { code, message }) {
      if (level === 'warn' && code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(message);
    },
  });
  const { output } = await bundle.write({
    dir: to,
    format: 'cjs',
    charset: 'ascii',
    sourcemap: true,
    sourcemapExcludeSources: true,
    codeSplitting: { groups: FILES.map(group) },
    // The names of functions stay, so that a stack trace is legible without the maps.
    minify: { compress: false, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  });
  await bundle.close();
  await writeFile(join(to, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
  await writeFile(join(to, 'LICENSES.txt'), await licences(output, dist));
  await rm(from, { recursive: true });
  await rename(to, from);
}

/** A module that asks where it is gets the place where it also stands without the bundle: its data lies there. */
function keepPlaces(dist, folder) {
  return {
    name: 'keep-places',
    transform(code, id) {
      if (!id.startsWith(dist + sep) || !code.includes('import.meta.url')) return null;
      const place = JSON.stringify(relative(folder, id).split(sep).join('/'));
      return {
        code: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`),
        map: null,
      };
    },
  };
}

/** Which modules import which at the top, once all are known. */
function rememberGraph() {
  const imports = new Map();
  const add = (id, seen) => {
    if (!imports.has(id) || seen.has(id)) return seen;
    seen.add(id);
    for (const imported of imports.get(id)) add(imported, seen);
    return seen;
  };
  return {
    plugin: {
      name: 'remember-graph',
      moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds),
    },
    below: (ids) => ids.reduce((seen, id) => add(id, seen), new Set()),
  };
}

function once(make) {
  let made;
  return () => (made ??= make());
}

const PACKAGE_FOLDER = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;

/** The licences of the packages in the bundle, which ask to be handed on with it. */
async function licences(output, dist) {
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const foreign = modules.filter((id) => !id.startsWith(dist + sep));
  const folders = new Set(foreign.flatMap((id) => PACKAGE_FOLDER.exec(id)?.[0] ?? []));
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8');
    return [`${name} ${version} (${license})`, '', text].join('\n');
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
