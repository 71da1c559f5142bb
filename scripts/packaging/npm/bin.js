#!/usr/bin/env node
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { program } from "./program.js";

let path;
try {
  path = program();
} catch (error) {
  console.error(`boxoffice: ${error.message}`);
  process.exit(1);
}
const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
// The program decides when it has ended.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`boxoffice: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
