// A small service: lamps that belong to organisations. Correct, or with the mistake that an argument names. Each mistake is a service of
// its own, whose address is printed on a line of its own.
import { guard } from './guard.mjs'
import { Lamps } from './lamps.mjs'
import { express } from './packages.mjs'

const MISTAKES = [
  'none',
  'forgotten-route',
  'signature-unread',
  'unsigned-taken',
  'algorithm-of-the-token',
  'key-of-the-token',
  'time-unread',
  'audience-unread',
  'issuer-unread',
  'type-unread',
  'any-organisation',
  'everybodys-list',
  'roles-unread',
  'token-in-query',
  'capitals-open',
  'deaf',
  'breaks',
  'talkative',
]

const [issuer, audience, ...mistakes] = process.argv.slice(2)
if (mistakes.length === 0 || !mistakes.every((mistake) => MISTAKES.includes(mistake))) {
  throw new Error(`usage: main.mjs ISSUER AUDIENCE MISTAKE..., with any of ${MISTAKES.join(', ')}`)
}
for (const mistake of mistakes) console.log(await listen(await service(mistake)))

function listen(app) {
  return new Promise((resolve, reject) => {
    const server = app.listen(0, '127.0.0.1', (error) => {
      if (error) reject(error)
      else resolve(`http://127.0.0.1:${server.address().port}`)
    })
  })
}

async function service(mistake) {
  const lamps = new Lamps()
  const signedIn = await guard(issuer, audience, mistake)
  const app = express()
  app.disable('x-powered-by')

  app.get('/health', (_req, res) => void res.type('text/plain').send('fine\n'))
  if (mistake === 'forgotten-route') {
    app.delete('/lamps/:id', (req, res) => void res.status(lamps.remove(req.params.id) ? 204 : 404).end())
  }

  if (mistake === 'capitals-open') {
    // Express finds a route in capitals as well; who asks for the path by hand has to do so too.
    app.use((req, res, next) => (req.path.startsWith('/lamps') ? signedIn(req, res, next) : next()))
    app.use((req, _res, next) => {
      req.caller ??= { org: undefined, roles: ['keeper'] }
      next()
    })
  } else {
    app.use(signedIn)
  }

  app.get('/lamps', (req, res) => {
    const visible = mistake === 'everybodys-list' ? lamps.all() : lamps.all().filter((lamp) => lamp.org_id === req.caller.org)
    res.json({ lamps: visible })
  })
  app.post('/lamps', keeper, express.json(), named, (req, res) => {
    res.status(201).json(lamps.add(req.caller.org, req.body.name))
  })
  app.get('/lamps/:id', theirs, (req, res) => void res.json(req.lamp))
  app.put('/lamps/:id', keeper, theirs, express.json(), named, (req, res) => {
    req.lamp.name = req.body.name
    res.status(204).end()
  })
  app.delete('/lamps/:id', keeper, theirs, (req, res) => {
    lamps.remove(req.lamp.id)
    res.status(204).end()
  })
  // Express tells an error handler by its four arguments.
  app.use((error, _req, res, _next) => void res.status(error.status ?? 500).end())
  return app

  function keeper(req, res, next) {
    if (mistake === 'roles-unread' || req.caller.roles.includes('keeper')) next()
    else res.status(403).end()
  }

  function theirs(req, res, next) {
    req.lamp = lamps.find(req.params.id)
    const isTheirs = mistake === 'any-organisation' || req.lamp?.org_id === req.caller.org
    if (req.lamp && isTheirs) next()
    else res.status(404).end()
  }
}

function named(req, res, next) {
  const name = req.body?.name
  if (typeof name === 'string' && name.length >= 1 && name.length <= 60) next()
  else res.status(422).end()
}
