// What the browser keeps for a page. Where storage is blocked or full, memory keeps it for as long as the page is open,
// so that nobody is stopped by it; `isKept` says which of the two it is, for a warning.

class Store {
  #open;
  #memory = new Map();

  /** `open` gives the storage; it throws where the browser blocks it. */
  constructor(open) {
    this.#open = open;
  }

  get(name) {
    if (this.#memory.has(name)) return this.#memory.get(name);
    try {
      return this.#open().getItem(name);
    } catch {
      return null;
    }
  }

  /** A value that was put as JSON; null when there is none, or when something else wrote over it. */
  json(name) {
    try {
      return JSON.parse(this.get(name));
    } catch {
      return null;
    }
  }

  set(name, text) {
    try {
      this.#open().setItem(name, text);
      this.#memory.delete(name);
    } catch {
      this.#memory.set(name, text);
    }
  }

  setJson(name, value) {
    this.set(name, JSON.stringify(value));
  }

  drop(name) {
    this.#memory.delete(name);
    try {
      this.#open().removeItem(name);
    } catch {
      // nothing is kept there
    }
  }

  /** Whether what is put here outlives the page: tried, for a full storage reads but does not write. */
  isKept() {
    const probe = 'boxoffice.probe';
    this.set(probe, '1');
    const kept = !this.#memory.has(probe);
    this.drop(probe);
    return kept;
  }
}

/** Kept in this browser. */
export const inBrowser = new Store(() => localStorage);

/** Kept in this tab. */
export const inTab = new Store(() => sessionStorage);
