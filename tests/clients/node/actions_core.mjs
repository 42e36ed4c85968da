// `@actions/core`, with which every action written in JavaScript asks for its identity token, as a job of the emulator.

import assert from 'node:assert/strict';

import * as core from '@actions/core';

import { run } from './check.mjs';

const server = process.env.URL;

/** What `getIDToken` returns, and what it writes to the job's log meanwhile. */
async function tokenAndLog() {
  const write = process.stdout.write;
  let log = '';
  process.stdout.write = (text) => { log += text; return true; };
  try {
    const token = await core.getIDToken('127.0.0.1');
    return { token, log };
  } finally {
    process.stdout.write = write;
  }
}

await run(['@actions/core', '@actions/http-client'], {
  'actions-core/masks-the-token': async () => {
    const { token, log } = await tokenAndLog();
    assert.equal(token.split('.').length, 3);
    assert.ok(log.split('\n').includes(`::add-mask::${token}`), 'no line masks the token');
    assert.ok(!log.replace(`::add-mask::${token}`, '').includes(token), 'the token stands in the log unmasked');
  },
  'actions-core/exchanges': async () => {
    const { token } = await tokenAndLog();
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const answer = await fetch(`${server}/v1.0/auth/jwt`, { headers });
    const body = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.equal(body.token_type, 'Bearer');
    const config = await fetch(`${server}/v1.0/config`, { headers: { authorization: `Bearer ${body.access_token}` } });
    assert.equal(config.status, 200);
    assert.equal((await config.json()).project.path, 'octo-org/octo-repo');
  },
});
