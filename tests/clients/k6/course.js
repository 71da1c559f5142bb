// The five flows in the words of students, for a server with --course students:
// k6 run -e URL=http://127.0.0.1:8080 course.js
import { check } from "k6";
import http from "k6/http";
import exec from "k6/execution";

export const options = { vus: 4, iterations: 20, thresholds: { checks: ["rate==1"] } };

const json = { "Content-Type": "application/json" };

export default function () {
  const url = __ENV.URL;
  const userId = exec.scenario.iterationInTest + 1;
  const post = (path, body, headers) => http.post(url + path, JSON.stringify(body), { headers: { ...json, ...headers } });

  const token = post("/queue/token", { userId }).json("token");
  const headers = { "Queue-Token": token };
  const status = http.get(`${url}/queue/token`, { headers });
  const date = http.get(`${url}/concerts/1/available-dates`, { headers }).json("dates.0");
  const seats = http.get(`${url}/concerts/1/available-seats?date=${date}`, { headers });
  const reserved = post("/reservations", { userId, concertId: 1, date, seatNumber: userId }, headers);
  post("/points/charge", { userId, amount: 60000 });
  const points = http.get(`${url}/points?userId=${userId}`);
  const paid = post("/payments", { userId, reservationId: reserved.json("reservationId") }, headers);

  check(status, { "let in": (answer) => answer.json("status") === "ACTIVE" });
  check(seats, { "the seat is free": (answer) => answer.json("availableSeats").includes(userId) });
  check(reserved, { "the seat is assigned": (answer) => answer.status === 201 });
  check(points, { "the points are charged": (answer) => answer.json("balance") === 60000 });
  check(paid, { "it is paid": (answer) => answer.json("status") === "COMPLETED" && answer.json("balance") === 10000 });
}
