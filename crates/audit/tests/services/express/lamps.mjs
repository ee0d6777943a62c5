/** Lamps that belong to organisations, in memory. */
export class Lamps {
  #lamps = new Map()
  #last = 0

  add(org, name) {
    const lamp = { id: String(++this.#last), org_id: org, name }
    this.#lamps.set(lamp.id, lamp)
    return lamp
  }

  find(id) {
    return this.#lamps.get(id)
  }

  all() {
    return [...this.#lamps.values()]
  }

  remove(id) {
    return this.#lamps.delete(id)
  }
}
