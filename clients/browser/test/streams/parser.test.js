import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventParser } from '../../src/streams.js';

/** Parses the pieces, and returns what was found. */
function parsed(...pieces) {
  const found = { events: [], ids: [], retries: [] };
  const parse = eventParser('', {
    event: ({ type, data, lastEventId }) => found.events.push([type, data, lastEventId]),
    id: (id) => found.ids.push(id),
    retry: (milliseconds) => found.retries.push(milliseconds),
  });
  pieces.forEach(parse);
  return found;
}

test('an event ends with an empty line', () => {
  assert.deepEqual(parsed('data: one\n\ndata: two\n').events, [['message', 'one', '']]);
});

test('lines end with a line feed, a carriage return, or both', () => {
  assert.deepEqual(parsed('data: a\r\n\r\ndata: b\r\rdata: c\n\n').events.map(([, data]) => data), ['a', 'b', 'c']);
});

test('several data lines are one text', () => {
  assert.deepEqual(parsed('data: a\ndata:\ndata:  b\n\n').events, [['message', 'a\n\n b', '']]);
});

test('an event has the type that was given, and the next one has none', () => {
  assert.deepEqual(parsed('event: order\ndata: 1\n\ndata: 2\n\n').events.map(([type]) => type), ['order', 'message']);
});

test('the id stays until another one comes', () => {
  assert.deepEqual(parsed('id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n').events.map(([, , id]) => id), ['7', '7', '']);
});

test('an id is noted although its event has no data', () => {
  assert.deepEqual(parsed('id: 7\n\n'), { events: [], ids: ['7'], retries: [] });
});

test('an id with a null in it is none', () => {
  assert.deepEqual(parsed('id: a\0b\ndata: x\n\n').events, [['message', 'x', '']]);
});

test('comments and unknown fields are passed over', () => {
  assert.deepEqual(parsed(': still here\nfoo: bar\ndata: x\n\n').events, [['message', 'x', '']]);
});

test('the pause is taken where it is a number', () => {
  assert.deepEqual(parsed('retry: 2000\nretry: soon\nretry: -1\n\n').retries, [2000]);
});

test('pieces may be cut anywhere', () => {
  const text = 'id: 1\r\nevent: e\r\ndata: grüße\r\n\r\ndata: b\n\n';
  const whole = parsed(text);
  for (let cut = 1; cut < text.length; cut++) {
    assert.deepEqual(parsed(text.slice(0, cut), text.slice(cut)), whole, `cut at ${cut}`);
  }
  assert.deepEqual(parsed(...text), whole);
});
