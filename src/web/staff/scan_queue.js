// Scans on their way to the server, one after the other: none is lost when
// the network is, and none is answered by a guess.

import { newKey, passes, pause } from '../shared/api.js';
import { inTab } from '../shared/store.js';

const RETRY_MS = [500, 1000, 2000, 4000];

export class ScanQueue {
  /**
   * `send(scan)` asks the server; `answered(scan, answer, error)` is told what it said, `waiting(count, lost)` how many
   * have no answer yet and whether that is for want of a network. `kept` is the name under which the tab keeps them.
   */
  constructor({ kept, send, answered, waiting, signal }) {
    Object.assign(this, { kept, send, answered, waiting, signal, running: false, lost: false });
    this.scans = inTab.json(kept) ?? [];
    if (this.scans.length) this.run();
  }

  /** Takes a scan; its key makes it the same scan however often it is sent. */
  add(scan) {
    this.scans.push({ ...scan, key: newKey() });
    this.keep();
    if (!this.running) this.run();
  }

  keep() {
    inTab.setJson(this.kept, this.scans);
    this.waiting(this.scans.length, this.lost);
  }

  async run() {
    this.running = true;
    try {
      for (let tries = 0; this.scans.length; tries += 1) {
        const [scan] = this.scans;
        let answer = null;
        let error = null;
        try {
          answer = await this.send(scan);
        } catch (failed) {
          if (passes(failed)) {
            this.lost = true;
            this.waiting(this.scans.length, true);
            await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)], this.signal, 'online');
            continue;
          }
          if (failed.status === 401) throw failed; // whoever signs in next goes on with it
          error = failed;
        }
        this.lost = false;
        tries = -1;
        this.scans.shift();
        this.keep();
        this.answered(scan, answer, error);
      }
    } catch (stopped) {
      if (!this.signal.aborted) throw stopped; // what is left stays in the tab
    } finally {
      this.running = false;
    }
  }
}
