import express from 'express'
import { inOrg, role, signedIn } from './auth/middleware.js'
import { orderFrom } from './orders.js'
import { Problem, problemHandler } from './problem.js'

const json = express.json({ limit: '16kb', type: 'application/json' })

/**
 * The orders service. What stands below `signedIn` is closed to everybody without a good token, so a route that is added later is
 * closed as well.
 */
export function ordersApp({ orders, verify, isReady, cookieName, allowedOrigins, log = console }) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')

  app.get('/health/live', (_req, res) => void res.type('text/plain').send('live\n'))
  app.get('/health/ready', (_req, res) => {
    res.set('Cache-Control', 'no-store').type('text/plain')
    if (isReady()) res.send('ready\n')
    else res.status(503).send('not yet\n')
  })

  app.use(signedIn({ verify, cookieName, allowedOrigins }))
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })

  app.get('/orders', inOrg, (req, res) => {
    res.json({ orders: orders.of(req.caller.orgId).list() })
  })
  app.get('/orders/:id', inOrg, (req, res) => {
    res.json(find(orders.of(req.caller.orgId), req.params.id))
  })
  app.post('/orders', inOrg, role('buyer'), requireJson, json, (req, res) => {
    const order = orders.of(req.caller.orgId).add({ ...orderFrom(req.body), buyer: req.caller.sub })
    res.status(201).location(`/orders/${order.id}`).json(order)
  })
  app.delete('/orders/:id', inOrg, role('admin'), (req, res) => {
    const own = orders.of(req.caller.orgId)
    find(own, req.params.id)
    own.remove(req.params.id)
    res.status(204).end()
  })

  app.use(() => {
    throw new Problem('not_found')
  })
  app.use(problemHandler(log))
  return app
}

function find(own, id) {
  const order = own.find(id)
  if (!order) throw new Problem('not_found', { detail: `There is no order ${JSON.stringify(id)} in your organisation.` })
  return order
}

function requireJson(req, _res, next) {
  if (!req.is('application/json')) throw new Problem('unsupported_media_type')
  next()
}
