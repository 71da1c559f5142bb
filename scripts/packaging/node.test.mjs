// The helper of the npm package, as a test of somebody else would use it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { control, program, startBoxoffice } from "boxoffice";
import setup from "boxoffice/vitest";

async function call(box, method, path, key, body) {
  const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
  const answer = await fetch(`${box.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}

test("startBoxoffice: a hold lapses when the clock is turned, and nothing is left after the end", async () => {
  const box = await startBoxoffice({ flags: ["--hold-seconds=60"] });
  const user = await call(box, "POST", "/users", undefined, { name: "Kim" });
  const { token } = await call(box, "POST", "/queue/tokens", undefined, { userId: user.userId, userKey: user.userKey });
  const held = await call(box, "POST", "/reservations", token, { scheduleId: box.scheduleIds[0], seats: ["12"] });
  assert.equal(held.status, "PENDING_PAYMENT");
  await box.advance(59.5);
  assert.equal((await call(box, "GET", `/reservations/${held.reservationId}`, token)).status, "PENDING_PAYMENT");
  await box.advance(0.5);
  assert.equal((await call(box, "GET", `/reservations/${held.reservationId}`, token)).status, "EXPIRED");
  assert.ok(existsSync(box.database));
  await box.stop();
  assert.ok(!existsSync(box.database));
});

test("startBoxoffice: a flag that is wrong is an error and no hang", async () => {
  await assert.rejects(startBoxoffice({ flags: ["--no-such-flag"] }), /it ended with 2/);
});

test("startBoxoffice: a process that does not stop its server ends all the same, and takes it along", async () => {
  const code = 'import { startBoxoffice } from "boxoffice"; console.log((await startBoxoffice()).database);';
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const database = (await child.stdout.toArray()).join("").trim();
  assert.ok(database.endsWith(".db"), database);
  const deadline = Date.now() + 20_000;
  while (existsSync(database)) {
    assert.ok(Date.now() < deadline, "the server outlives the process that started it");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test("vitest: the global setup provides one server and gives back its end", async () => {
  const provided = {};
  const stop = await setup({ provide: (key, value) => (provided[key] = value) });
  assert.ok((await fetch(`${provided.boxoffice.url}/healthz`)).ok);
  const box = control(structuredClone(provided.boxoffice)); // vitest hands it to other threads
  await box.advance(60);
  await box.reset();
  assert.deepEqual(box.ids.concerts[0].scheduleIds, box.scheduleIds);
  await stop();
});

test("npx: signals reach the program, and its exit code comes back", async () => {
  const npx = spawn(process.execPath, ["node_modules/boxoffice/bin.js", "demo", "--listen=127.0.0.1:0"]);
  await new Promise((resolve) => npx.stdout.once("data", resolve));
  npx.kill("SIGTERM");
  assert.equal(await new Promise((resolve) => npx.once("close", resolve)), 0);
  const refused = spawn(process.execPath, ["node_modules/boxoffice/bin.js", "srve"], { stdio: "ignore" });
  assert.equal(await new Promise((resolve) => refused.once("close", resolve)), 2);
  assert.ok(existsSync(program()));
});
