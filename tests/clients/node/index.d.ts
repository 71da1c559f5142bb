/// <reference lib="esnext.disposable" />

/** How a box office for tests is started. */
export interface Options {
  /** "frozen" (the default): time moves by `advance` alone; "running": real time plus all advances; "wall": real. */
  clock?: "frozen" | "running" | "wall";
  /** Further flags of `boxoffice serve`, such as "--max-active=5". */
  flags?: string[];
}

/** What the program says once it is ready. */
export interface Ready {
  /** Such as http://127.0.0.1:41234; the API is below /api/v1. */
  url: string;
  /** An admin's key, for `Authorization: Bearer`. */
  staffKey: string;
  concertId: number;
  scheduleIds: number[];
  /** The path of the SQLite file. */
  database: string;
  version: string;
  /** What it began with: "demo" or the file of `--seed`. */
  seed: string | null;
  /** What the seed made, with its keys. */
  ids: {
    concerts: { concertId: number; scheduleIds: number[] }[];
    users: { userId: string; userKey?: string; name?: string }[];
    reservations: { reservationId: string }[];
  };
  /** The moment at which the clock stood. */
  now: string;
}

/** A box office whose clock and state a test sets. */
export interface Controlled extends Ready {
  /** Turns the clock; resolves once everything that became due is written down. */
  advance(seconds: number): Promise<void>;
  /** Goes back to the start, the clock too, in milliseconds: for one server of many tests. */
  reset(): Promise<void>;
}

/** A box office with the demo concert, on a free port and a file of its own. */
export interface Boxoffice extends Controlled {
  /** Ends it and removes its file. It also ends with the process that started it. */
  stop(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a box office and waits until it is ready. */
export function startBoxoffice(options?: Options): Promise<Boxoffice>;

/** Turns and resets one that was started elsewhere, such as by vitest's globalSetup: `control(inject("boxoffice"))`. */
export function control(ready: Ready): Controlled;

/** The path of the program for this system. */
export function program(): string;
