// The program: of the package of this system, or where there is none, the one on the path.
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

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
    const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, file));
    // A script of that name is this package's own command.
    const found = onPath.find((path) => existsSync(path) && !realpathSync(path).endsWith(".js"));
    if (found) return found;
    throw new Error(
      `there is no boxoffice on the path, and the package ${name} is not there: either there is no boxoffice for this system, or npm left optional packages ` +
        `out (npm install --include=optional boxoffice); from files, install ${name}-….tgz beside boxoffice-….tgz.`,
    );
  }
}
