// `jose`, which an API in JavaScript would use, knows the issuer's URL and nothing else, and verifies a pass.

import assert from 'node:assert/strict';

import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

import { altered, run } from './check.mjs';

const { URL: issuer, PASS: pass } = process.env;

/** Verifies as RFC 9068 §4 wants it, with keys from where the discovery document says they are. */
async function verify(token, audience = issuer) {
  const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.equal(discovery.issuer, issuer);
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
  const requiredClaims = ['sub', 'exp', 'iat', 'jti', 'client_id'];
  return jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', requiredClaims });
}

const refused = (code) => (failure) => failure.code === code;

await run(['jose'], {
  'jose/verifies-a-pass': async () => {
    const { payload, protectedHeader } = await verify(pass);
    assert.equal(protectedHeader.alg, 'ES256');
    assert.equal(payload.project.path, 'octo-org/octo-repo');
    assert.equal(payload.run.event, 'push');
  },
  // A changed header is no JSON, or names a key that there is not: both are errors of the library's own.
  'jose/refuses-an-altered-header': () => assert.rejects(verify(altered(pass, 0)), errors.JOSEError),
  'jose/refuses-an-altered-payload': () =>
    assert.rejects(verify(altered(pass, 1)), refused('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')),
  'jose/refuses-an-altered-signature': () =>
    assert.rejects(verify(altered(pass, 2)), refused('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')),
  'jose/refuses-another-audience': () =>
    assert.rejects(verify(pass, 'https://another.example.com'), refused('ERR_JWT_CLAIM_VALIDATION_FAILED')),
});
