// `jose` as the laziest honest API: it keeps the key set for as long as the server allows, whatever passes come meanwhile.
// A pass a line of stdin, a verdict a line of stdout.

import { createInterface } from 'node:readline';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

const { ISSUER: issuer, JWKS: jwks } = process.env;

/** For how many milliseconds the answer says that it may be kept (RFC 9111 §5.2.2.1). */
const cacheMaxAge = 1000 * Number(/max-age=(\d+)/.exec((await fetch(jwks)).headers.get('cache-control'))[1]);
// A key id that is not in the set would have it fetched anew, were the cooldown not longer than any test.
const keys = createRemoteJWKSet(new URL(jwks), { cacheMaxAge, cooldownDuration: 86_400_000 });

for await (const pass of createInterface({ input: process.stdin })) {
  const told = { key_id: decodeProtectedHeader(pass).kid, refused: null };
  try {
    await jwtVerify(pass, keys, { issuer, audience: issuer, typ: 'at+jwt' });
  } catch (failure) {
    told.refused = `${failure.code}: ${failure.message}`;
  }
  console.log(JSON.stringify({ ...told, at_ms: Date.now() }));
}
