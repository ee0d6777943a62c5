import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchesIn } from '../src/revocation/sse.js'

async function read(...chunks) {
  const found = []
  for await (const batch of batchesIn(chunks.map((chunk) => Buffer.from(chunk)))) found.push(batch)
  return found
}

test('batches are read however the network cuts them', async () => {
  const stream = ': hello\r\nevent: batch\r\nid: 1.2\r\ndata: one\r\n\r\nevent: other\ndata: no\n\nevent:batch\ndata:two\n\n'

  assert.deepEqual(await read(stream), ['one', 'two'])
  assert.deepEqual(await read(...stream), ['one', 'two'])
})

test('an event that the stream ends within is none', async () => {
  assert.deepEqual(await read('event: batch\ndata: half\n'), [])
})

test('an event without end is refused', async () => {
  await assert.rejects(read(...Array(3).fill('x'.repeat(600_000))), /too long/)
})
