// Node's agent with its keep-alive pool, and its fetch, against a running server. `node node.mjs http://HOST:PORT`
import http from "node:http";

const url = process.argv[2];
const wrong = [];
const agent = new http.Agent({ keepAlive: true, maxSockets: 50, maxFreeSockets: 10, scheduling: "lifo" });

function ask(n) {
  const isPost = n % 3 === 0;
  const name = `node-${n}`;
  return new Promise((resolve) => {
    const headers = { "X-Request-Id": name, "Content-Type": "application/json" };
    if (n % 9 === 0) headers.Expect = "100-continue";
    const body = JSON.stringify({ name });
    if (isPost && n % 2) headers["Content-Length"] = Buffer.byteLength(body); // else Node sends chunks
    const request = http.request(`${url}/api/v1/${isPost ? "users" : "concerts"}`, { agent, method: isPost ? "POST" : "GET", headers }, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => {
        if (answer.headers["x-request-id"] !== name) wrong.push(`${name}: another's id`);
        if (answer.statusCode !== (isPost ? 201 : 200)) wrong.push(`${name}: ${answer.statusCode} ${text}`);
        resolve();
      });
    });
    request.on("error", (error) => {
      wrong.push(`${name}: ${error}`);
      resolve();
    });
    if (isPost && headers.Expect) request.on("continue", () => request.end(body));
    else request.end(isPost ? body : undefined);
  });
}

await Promise.all(Array.from({ length: 3000 }, (_, n) => ask(n)));
agent.destroy();
console.log(`node http.Agent: ${wrong.length} wrong`);
const before = wrong.length;
await Promise.all(
  Array.from({ length: 500 }, async (_, n) => {
    const answer = await fetch(`${url}/api/v1/users`, {
      method: "POST",
      headers: { "X-Request-Id": `fetch-${n}`, "Content-Type": "application/json" },
      body: JSON.stringify({ name: `fetch-${n}` }),
    });
    await answer.text();
    if (answer.status !== 201 || answer.headers.get("x-request-id") !== `fetch-${n}`) wrong.push(`fetch-${n}: ${answer.status}`);
  }),
);
console.log(`node fetch: ${wrong.length - before} wrong`);
console.log(wrong.slice(0, 20).join("\n"));
process.exit(wrong.length ? 1 : 0);
