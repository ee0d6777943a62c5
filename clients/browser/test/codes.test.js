import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the declared codes are closed: the auth service answers with no other', () => {
  const { components } = JSON.parse(read('../../../crates/server/src/openapi/openapi.json'));
  const [, union] = /type ServiceErrorCode =([^;]*);/.exec(read('../src/types.d.ts'));

  const declared = new Set([...union.matchAll(/'(\w+)'/g)].map(([, code]) => code));

  const answered = components.schemas.Problem.properties.code.enum;
  assert.ok(answered.length > 20);
  assert.deepEqual(answered.filter((code) => !declared.has(code)), []);
});
