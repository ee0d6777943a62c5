// What the example in Express has installed serves here as well.
import { createRequire } from 'node:module'

const ours = createRequire(new URL('../../../../../examples/express/package.json', import.meta.url))

export const express = ours('express')
export const jose = await import(ours.resolve('jose'))
