import { ordersApp } from './app.js'
import { accessTokenVerifier } from './auth/access-token.js'
import { Issuer } from './auth/issuer.js'
import { Orders } from './orders.js'
import { RevocationFeed } from './revocation/feed.js'
import { settingsFrom } from './settings.js'

const settings = settingsFrom(process.env)
const issuer = new Issuer(settings.issuer)
const revocations = new RevocationFeed({ issuer, client: settings.client, maxStaleMs: settings.maxStaleMs })
const verify = accessTokenVerifier({
  issuer: settings.issuer,
  audience: settings.audience,
  keys: issuer.accessTokenKeys(),
  revocations,
})
const app = ordersApp({ ...settings, orders: new Orders(), verify, isReady: () => revocations.isFresh() })

revocations.follow()
const server = app.listen(settings.port, settings.host, (error) => {
  if (error) throw error
  console.log(`listening on http://${settings.host}:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    revocations.stop()
    server.close()
    server.closeIdleConnections()
  })
}
