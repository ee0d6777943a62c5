import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsFrom } from '../src/settings.js'

test('an issuer is asked over https, or on this machine', () => {
  for (const ISSUER of ['https://auth.example', 'http://localhost:8800', 'http://127.0.0.1:8800', 'http://[::1]:8800']) {
    assert.equal(settingsFrom({ ISSUER }).issuer, ISSUER)
  }
  for (const ISSUER of ['http://auth.example', 'http://localhost.evil.example', 'ftp://localhost', 'auth.example']) {
    assert.throws(() => settingsFrom({ ISSUER }), undefined, ISSUER)
  }
})

test('what is missing or wrong stops the service before it listens', () => {
  const ISSUER = 'https://auth.example'
  assert.throws(() => settingsFrom({}), /ISSUER is not set/)
  assert.throws(() => settingsFrom({ ISSUER, MAX_STALE_SECONDS: 'soon' }), /MAX_STALE_SECONDS/)
  assert.throws(() => settingsFrom({ ISSUER, CLIENT_ID: 'orders' }), /CLIENT_SECRET_FILE is not set/)
})
