import { createRequire } from "node:module";

// The program of each system is a package of its own, of which npm installs the one that fits. Windows on ARM runs the
// program of x64.
const cpu = process.platform === "win32" ? "x64" : process.arch;
const name = `boxoffice-${process.platform}-${cpu}`;

/** The path of the program. */
export function program() {
  const file = process.platform === "win32" ? "boxoffice.exe" : "boxoffice";
  try {
    return createRequire(import.meta.url).resolve(`${name}/${file}`);
  } catch {
    throw new Error(
      `the package ${name} is not there: either there is no boxoffice for this system, or npm left optional packages ` +
        "out (npm install --include=optional boxoffice).",
    );
  }
}
