// A hold that lapses, and a state that is put back, in vitest.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startBoxoffice } from "../node/index.js";

let box;
beforeAll(async () => void (box = await startBoxoffice()));
beforeEach(() => box.reset()); // one server for all tests, each from the start
afterAll(() => box.stop());

async function call(method, path, body, key) {
  const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
  const answer = await fetch(`${box.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}

async function hold(seat) {
  const { token } = await call("POST", "/queue/tokens", { name: "Kim" });
  return { token, ...(await call("POST", "/reservations", { scheduleId: box.scheduleIds[0], seats: [seat] }, token)) };
}

test("a hold lapses when the clock is turned", async () => {
  const held = await hold("12");
  await box.advance(held.holdExpiresInSeconds);
  expect((await call("GET", `/reservations/${held.reservationId}`, undefined, held.token)).status).toBe("EXPIRED");
});

test("a seat is free again in the next test", async () => {
  expect((await hold("12")).status).toBe("PENDING_PAYMENT");
});
