// A whole purchase for k6: k6 run -e URL=http://127.0.0.1:8080 boxoffice.js
// Your own script: import { buy } from "./boxoffice.js".
import { check } from "k6";
import http from "k6/http";

export const options = { vus: 4, iterations: 20, thresholds: { checks: ["rate==1"] } };

function call(url, method, path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const tags = { name: path.replace(/[0-9a-f-]{36}/, "{userId}") }; // one line in the report for all users
  return http.request(method, `${url}/api/v1${path}`, body && JSON.stringify(body), { headers, tags });
}

/** Lines up, waits to be let in, holds the best seat of a date and pays for it; the answer to the payment. */
export function buy(url, scheduleId) {
  let token = call(url, "POST", "/queue/tokens", { name: "Kim" }).json();
  const { token: key, userId } = token;
  while (token.status === "WAITING") {
    token = http.get(`${url}/api/v1/queue/token`, { headers: { Authorization: `Bearer ${key}`, Prefer: "wait=30" } }).json();
  }
  const wanted = { scheduleId, bestAvailable: { count: 1 } };
  const held = call(url, "POST", "/reservations", wanted, key).json();
  call(url, "POST", `/users/${userId}/balance/top-ups`, { amount: held.amount }, key);
  return call(url, "POST", "/payments", { reservationId: held.reservationId, amount: held.amount }, key);
}

export default function () {
  check(buy(__ENV.URL, 1), { "the seat is bought": (paid) => paid.status === 201 && paid.json("tickets.#") === 1 });
}
