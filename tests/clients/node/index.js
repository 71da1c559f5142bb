// Starts a box office for tests. To copy this folder beside tests is enough where `boxoffice` is on the path.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { program } from "./program.js";

export { program };

const READY_MAX_MS = 60_000;

/** See index.d.ts. */
export async function startBoxoffice({ clock = "frozen", flags = [] } = {}) {
  const given = clock === "wall" ? flags : [`--test-clock=${clock}`, ...flags];
  const child = spawn(program(), ["serve", "--ephemeral", "--until-stdin-closes", ...given], {
    stdio: ["pipe", "pipe", "inherit"],
    windowsHide: true,
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const ready = JSON.parse(await firstLine(child));
  // A test run that does not stop it may end all the same, and takes it along: standard input closes then.
  for (const handle of [child, child.stdin, child.stdout]) handle.unref();
  const stop = () => {
    child.ref();
    child.stdin.end();
    return ended;
  };
  return { ...control(ready), stop, [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]: stop };
}

/** See index.d.ts. */
export function control(ready) {
  const post = async (path, body) => {
    const answer = await fetch(`${ready.url}/api/v1/staff${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${ready.staffKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`boxoffice: ${answer.status} ${await answer.text()}`);
  };
  const advance = (seconds) => post("/clock", { advanceMilliseconds: Math.round(seconds * 1_000) });
  const reset = () => post("/test/reset", {});
  return { ...ready, advance, reset };
}

/** What the program says once it is ready; an error when it ends, or takes too long, before. */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`boxoffice serve: ${why}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`not ready after ${READY_MAX_MS / 1_000} seconds`);
    }, READY_MAX_MS);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`it ended with ${code}; standard error says why`));
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      child.stdout.resume(); // nothing more comes, and nothing must stand in a full pipe
      resolve(line);
    });
    child.once("exit", () => clearTimeout(timer));
  });
}
