// The published schema of SARIF 2.1.0, as Microsoft's matchers carry it, against what `daypass policy check --sarif` prints.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import Ajv from 'ajv';

import { run } from './check.mjs';

const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const validate = new Ajv({ allErrors: true, schemaId: 'auto', unknownFormats: 'ignore', logger: false })
  .addMetaSchema(createRequire(import.meta.url)('ajv/lib/refs/json-schema-draft-04.json'))
  .compile(schema);

const folder = mkdtempSync(join(tmpdir(), 'daypass-sarif-'));
const settings = `public_url = "https://pass.example.com"
[store]
url = "sqlite://daypass.db"
[[issuers]]
name = "github"
provider = "github"
`;
const policy = `[roles.deploy]
[[roles.deploy.trust]]
issuer = "github"
event_name = ["push", "pull_request"]
repositry_id = "1"
[[roles.deploy.trust]]
issuer = "github"
ref = "refs/heads/*"
when = "claims.ref == now"
[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes = ["releases:write"]
`;

/** What is printed of a policy, as a value. */
function sarif(text) {
  writeFileSync(join(folder, 'daypass.toml'), settings);
  writeFileSync(join(folder, 'a policy.toml'), text);
  const done = spawnSync(process.env.DAYPASS, ['policy', 'check', 'a policy.toml', '--sarif'], { cwd: folder, encoding: 'utf8' });
  return { status: done.status, log: JSON.parse(done.stdout) };
}

await run(['@microsoft/jest-sarif', 'ajv'], {
  'SARIF: findings fit the published schema': () => {
    const { status, log } = sarif(policy);
    assert.equal(status, 1);
    assert.ok(log.runs[0].results.length >= 3, JSON.stringify(log.runs[0].results));
    assert.ok(validate(log), JSON.stringify(validate.errors));
  },
  'SARIF: so does a log without any': () => {
    const { status, log } = sarif('');
    assert.equal(status, 0);
    assert.deepEqual(log.runs[0].results, []);
    assert.ok(validate(log), JSON.stringify(validate.errors));
  },
  'SARIF: the schema would find what is wrong': () => {
    const { log } = sarif(policy);
    log.runs[0].results[0].level = 'deny';
    assert.ok(!validate(log));
  },
});
rmSync(folder, { recursive: true });
