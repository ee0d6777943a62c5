/** A batch has at most a megabyte; what is longer is no feed. */
const MAX_EVENT = 1 << 20

/**
 * Reads server-sent events from a body and yields the data of those that are called `batch`. Comments and other events are skipped.
 *
 * @param {AsyncIterable<Uint8Array>} body
 */
export async function* batchesIn(body) {
  const decoder = new TextDecoder()
  let rest = ''
  let event = { name: '', data: [] }
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()
    for (const line of lines) {
      if (line === '') {
        if (event.name === 'batch') yield event.data.join('\n')
        event = { name: '', data: [] }
        continue
      }
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)
      if (field === 'event') event.name = value ?? ''
      if (field === 'data') event.data.push(value ?? '')
    }
    const held = event.data.reduce((sum, data) => sum + data.length, rest.length)
    if (held > MAX_EVENT) throw new Error('an event of the feed is too long')
  }
}
