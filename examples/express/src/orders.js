import { Problem } from './problem.js'

const MAX_ITEM = 120
const MAX_QUANTITY = 1000

const FIRST_ORDERS = [
  ['acme', 'Espresso machine', 1],
  ['acme', 'Coffee beans, 1 kg', 12],
  ['acme', 'Filing cabinet', 2],
  ['globex', 'Standing desk', 3],
  ['globex', 'Desk lamp', 6],
  ['globex', 'Whiteboard', 1],
]

/** The orders of all organisations, in memory. Nobody gets at them but through {@link Orders#of}. */
export class Orders {
  #all = new Map()
  #lastId = 0

  constructor(first = FIRST_ORDERS) {
    for (const [orgId, item, quantity] of first) this.#add(orgId, { item, quantity, buyer: null })
  }

  /** Returns what one organisation can reach: its own orders. */
  of(orgId) {
    const own = (order) => order?.org_id === orgId
    return {
      list: () => [...this.#all.values()].filter(own).reverse(),
      // An order of another organisation and one that never was look the same.
      find: (id) => [this.#all.get(id)].find(own),
      add: (order) => this.#add(orgId, order),
      remove: (id) => own(this.#all.get(id)) && this.#all.delete(id),
    }
  }

  #add(orgId, { item, quantity, buyer }) {
    const id = String(++this.#lastId)
    const order = Object.freeze({ id: this.#lastId, org_id: orgId, item, quantity, buyer })
    this.#all.set(id, order)
    return order
  }
}

/** Returns the order that a body asks for, or throws a problem that names every wrong place at once. */
export function orderFrom(body) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('validation_failed', { errors: [{ pointer: '', detail: 'An object is expected.' }] })
  }
  const { item, quantity = 1, ...unknown } = body
  const errors = Object.keys(unknown).map((name) => ({
    pointer: `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: 'There is no such member.',
  }))
  const text = typeof item === 'string' ? item.trim() : ''
  if (text === '' || [...text].length > MAX_ITEM || /\p{Cc}/u.test(text)) {
    errors.push({ pointer: '/item', detail: `Write 1 to ${MAX_ITEM} characters on one line.` })
  }
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) {
    errors.push({ pointer: '/quantity', detail: `Write a number from 1 to ${MAX_QUANTITY}.` })
  }
  if (errors.length > 0) throw new Problem('validation_failed', { errors })
  return { item: text, quantity }
}
