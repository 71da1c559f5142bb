// A screen that stays on while somebody waits for something on it, where the browser can do that.

/** Keeps the screen on until the signal aborts; a page that was hidden meanwhile asks again. */
export function keepAwake(signal) {
  if (!('wakeLock' in navigator)) return;
  let lock = null;
  const take = async () => {
    if (document.hidden || signal.aborted) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null); // a low battery may refuse
    if (signal.aborted) lock?.release();
  };
  document.addEventListener('visibilitychange', take, { signal });
  signal.addEventListener('abort', () => lock?.release());
  take();
}
