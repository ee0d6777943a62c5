import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

/** What a page loads, minified and gzipped. */
const BUDGETS = { 'client.js': 3_000, 'dialog.js': 4_000, 'redirect.js': 600, 'streams.js': 1_700 };

for (const [file, budget] of Object.entries(BUDGETS)) {
  test(`${file} takes ${budget} bytes at most`, async (t) => {
    const source = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8');

    const { code } = await minify(source, { module: true, ecma: 2022, compress: { ecma: 2022, passes: 3 } });
    const size = gzipSync(code, { level: 9 }).length;

    t.diagnostic(`${file}: ${size} bytes`);
    assert.ok(size <= budget, `${file} has ${size} bytes`);
  });
}

test('what is served on its own imports nothing', () => {
  for (const file of Object.keys(BUDGETS)) {
    const source = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8');
    assert.doesNotMatch(source, /^import |\bimport\(['"`]|^export .* from /m, file);
  }
});
