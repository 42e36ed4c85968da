// `openid-client` and `oauth4webapi` run both grants, introspection and revocation, as a job of the emulator, told nothing but
// the server's URL: every address and method comes from the metadata (RFC 8414).

import assert from 'node:assert/strict';

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';

import { altered, identityToken, run } from './check.mjs';

const CLIENT_ID = 'octo-org/octo-repo';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
// Plain http is for loopback; the libraries want to be told.
const INSECURE = { [oauth.allowInsecureRequests]: true };

const parameters = {
  [TOKEN_EXCHANGE]: (token) => ({ subject_token: token, subject_token_type: ID_TOKEN }),
  [JWT_BEARER]: (token) => ({ assertion: token }),
};

/** The method `Bearer` of the metadata: the caller's own pass is its authentication. */
const bearer = (pass) => (_server, _client, _body, headers) => headers.set('authorization', `Bearer ${pass}`);

const whoami = (pass) =>
  fetch(`${process.env.URL}/v1.0/whoami`, { headers: { authorization: `Bearer ${pass}` } });

const openid = (authentication = client.None()) =>
  client.discovery(new URL(process.env.URL), CLIENT_ID, undefined, authentication, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });

/** What both libraries can do, in the same words. */
const openidClient = {
  grant: async (type, token) => client.genericGrantRequest(await openid(), type, parameters[type](token)),
  introspect: async (asking, token) => client.tokenIntrospection(await openid(bearer(asking)), token),
  revoke: async (token) => client.tokenRevocation(await openid(), token, { token_type_hint: 'access_token' }),
};

const discovered = async () => {
  const url = new URL(process.env.URL);
  const answer = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...INSECURE });
  return oauth.processDiscoveryResponse(url, answer);
};

const CLIENT = { client_id: CLIENT_ID };

const oauth4webapi = {
  grant: async (type, token) => {
    const server = await discovered();
    assert.ok(server.grant_types_supported.includes(type));
    const asked = new URLSearchParams(parameters[type](token));
    const answer = await oauth.genericTokenEndpointRequest(server, CLIENT, oauth.None(), type, asked, INSECURE);
    return oauth.processGenericTokenEndpointResponse(server, CLIENT, answer);
  },
  introspect: async (asking, token) => {
    const server = await discovered();
    assert.deepEqual(server.introspection_endpoint_auth_methods_supported, ['Bearer']);
    const answer = await oauth.introspectionRequest(server, CLIENT, bearer(asking), token, INSECURE);
    return oauth.processIntrospectionResponse(server, CLIENT, answer);
  },
  revoke: async (token) => {
    const server = await discovered();
    assert.deepEqual(server.revocation_endpoint_auth_methods_supported, ['none']);
    const answer = await oauth.revocationRequest(server, CLIENT, oauth.None(), token, INSECURE);
    return oauth.processRevocationResponse(answer);
  },
};

const given = async (library, type) => (await library.grant(type, await identityToken('127.0.0.1'))).access_token;

const checks = {};
for (const [name, library] of Object.entries({ 'openid-client': openidClient, oauth4webapi })) {
  for (const [grant, type] of Object.entries({ 'token-exchange': TOKEN_EXCHANGE, 'jwt-bearer': JWT_BEARER })) {
    checks[`${name}/${grant}-introspected-and-revoked`] = async () => {
      const pass = await given(library, type);
      const service = await given(library, type);
      assert.equal((await whoami(pass)).status, 200);
      const told = await library.introspect(service, pass);
      const { jti, sub } = await (await whoami(pass)).json();
      assert.deepEqual([told.active, told.jti, told.sub, told.iss], [true, jti, sub, process.env.URL]);
      for (let times = 0; times < 2; times += 1) await library.revoke(pass);
      const refused = await whoami(pass);
      assert.deepEqual([refused.status, (await refused.json()).code], [401, 'pass_revoked']);
      assert.deepEqual(await library.introspect(service, pass), { active: false });
      assert.equal((await whoami(service)).status, 200);
    };
  }
  checks[`${name}/what-is-no-pass-is-not-active-and-cannot-be-revoked`] = async () => {
    const pass = await given(library, TOKEN_EXCHANGE);
    const others = [await identityToken('127.0.0.1'), altered(pass, 1), 'x'];
    for (const other of others) {
      assert.deepEqual(await library.introspect(pass, other), { active: false });
      await library.revoke(other);
    }
    assert.equal((await whoami(pass)).status, 200);
  };
  checks[`${name}/a-spent-assertion-is-an-invalid-grant`] = async () => {
    const token = await identityToken('127.0.0.1');
    await library.grant(JWT_BEARER, token);
    await assert.rejects(library.grant(JWT_BEARER, token), (failure) => {
      assert.deepEqual([failure.status, failure.error, failure.cause.code], [400, 'invalid_grant', 'token_already_used']);
      return true;
    });
  };
  checks[`${name}/a-revoked-pass-asks-about-nothing`] = async () => {
    const [pass, other] = [await given(library, JWT_BEARER), await given(library, JWT_BEARER)];
    await library.revoke(pass);
    // A 401 with a challenge, as RFC 6750 has it.
    await assert.rejects(library.introspect(pass, other), (failure) => {
      assert.ok(failure instanceof client.WWWAuthenticateChallengeError || failure instanceof oauth.WWWAuthenticateChallengeError);
      assert.deepEqual([failure.status, failure.cause[0].parameters.error], [401, 'invalid_token']);
      return true;
    });
  };
}

await run(['openid-client', 'oauth4webapi'], checks);
