// `openid-client` performs the token exchange of RFC 8693, as a job of the emulator, told nothing but the server's URL.

import assert from 'node:assert/strict';

import * as client from 'openid-client';

import { identityToken, run } from './check.mjs';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

// Plain http is for loopback; the library wants to be told.
const discover = (algorithm) =>
  client.discovery(new URL(process.env.URL), 'octo-org/octo-repo', undefined, client.None(), {
    algorithm,
    execute: [client.allowInsecureRequests],
  });

const exchange = async (token, parameters = {}, algorithm = 'oauth2', grantType = TOKEN_EXCHANGE) =>
  client.genericGrantRequest(await discover(algorithm), grantType, {
    subject_token: token,
    subject_token_type: ID_TOKEN,
    ...parameters,
  });

const config = (pass) =>
  fetch(`${process.env.URL}/v1.0/config`, { headers: { authorization: `Bearer ${pass}` } });

const refused = (error, code) => (failure) => {
  assert.ok(failure instanceof client.ResponseBodyError, String(failure));
  assert.deepEqual([failure.status, failure.error, failure.cause.code], [400, error, code]);
  assert.ok(failure.error_description);
  return true;
};

await run(['openid-client', 'oauth4webapi'], {
  'openid-client/token-exchange': async () => {
    const answer = await exchange(await identityToken('127.0.0.1'), { scope: 'config:read' });
    assert.equal(answer.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
    assert.equal(answer.token_type, 'bearer');
    assert.equal(answer.scope, 'config:read');
    assert.ok(answer.expires_in > 0 && answer.expires_in <= 900, `expires_in ${answer.expires_in}`);
    assert.equal((await config(answer.access_token)).status, 200);
  },
  'openid-client/openid-discovery': async () => {
    assert.ok((await exchange(await identityToken('127.0.0.1'), {}, 'oidc')).access_token);
  },
  'openid-client/a-spent-token-is-an-invalid-request': async () => {
    const token = await identityToken('127.0.0.1');
    await exchange(token);
    await assert.rejects(exchange(token), refused('invalid_request', 'token_already_used'));
  },
  'openid-client/a-scope-too-many-is-an-invalid-scope': async () => {
    const token = await identityToken('127.0.0.1');
    await assert.rejects(exchange(token, { scope: 'config:write' }), refused('invalid_scope', 'scope_invalid'));
  },
  'openid-client/another-audience-is-an-invalid-target': async () => {
    const token = await identityToken('127.0.0.1');
    const elsewhere = { audience: 'https://another.example.com' };
    await assert.rejects(exchange(token, elsewhere), refused('invalid_target', 'target_invalid'));
  },
  'openid-client/another-grant-is-unsupported': async () => {
    const token = await identityToken('127.0.0.1');
    const asked = exchange(token, {}, 'oauth2', 'client_credentials');
    await assert.rejects(asked, refused('unsupported_grant_type', 'grant_type_unsupported'));
  },
  'openid-client/a-pass-without-the-scope-is-told-so': async () => {
    const { access_token } = await exchange(await identityToken('127.0.0.1'), { scope: 'findings:write' });
    const answer = await config(access_token);
    const { code, error } = await answer.json();
    assert.deepEqual([answer.status, code, error], [403, 'insufficient_scope', 'insufficient_scope']);
  },
});
