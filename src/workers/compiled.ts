/** Where a thread's program lies: compiled JavaScript beside this file, also when this file is run from its TypeScript source (tests). */
export function compiled(name: string): URL {
  const here = import.meta.url.replace(/\/src\/workers\/compiled\.ts$/, '/dist/workers/compiled.js');
  return new URL(`${name}.js`, here);
}
