import type { Boxoffice } from "./index.js";

declare module "vitest" {
  export interface ProvidedContext {
    boxoffice: Omit<Boxoffice, "advance" | "reset" | "stop">;
  }
}

declare const setup: (project: { provide(key: "boxoffice", value: unknown): void }) => Promise<() => Promise<void>>;
export default setup;
