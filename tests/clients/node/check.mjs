// Runs checks and prints what the collector reads: `1..N`, then `ok NAME` or `not ok NAME: why`.

import { readFileSync } from 'node:fs';

/** Prints the installed version of each package, then runs each check, whatever became of the one before. */
export async function run(packages, checks) {
  console.log(`node ${process.version}`);
  for (const name of packages) {
    const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
    console.log(`${name} ${JSON.parse(readFileSync(manifest, 'utf8')).version}`);
  }
  console.log(`1..${Object.keys(checks).length}`);
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (failure) {
      console.log(`not ok ${name}: ${String(failure?.stack ?? failure).replaceAll('\n', ' ')}`);
    }
  }
}

/** A token with one character of one of its three parts changed to another of the same alphabet. */
export function altered(token, part) {
  const parts = token.split('.');
  const at = Math.floor(parts[part].length / 2);
  const other = parts[part][at] === 'A' ? 'B' : 'A';
  parts[part] = parts[part].slice(0, at) + other + parts[part].slice(at + 1);
  return parts.join('.');
}

/** An identity token of this job, asked for as GitHub documents it. */
export async function identityToken(audience) {
  const { ACTIONS_ID_TOKEN_REQUEST_TOKEN: token, ACTIONS_ID_TOKEN_REQUEST_URL: url } = process.env;
  const answer = await fetch(`${url}&audience=${audience}`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()).value;
}
