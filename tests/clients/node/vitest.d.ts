import type { Ready } from "./index.js";

declare module "vitest" {
  export interface ProvidedContext {
    boxoffice: Ready;
  }
}

declare const setup: (project: { provide(key: "boxoffice", value: unknown): void }) => Promise<() => Promise<void>>;
export default setup;
