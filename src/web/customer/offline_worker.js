// Keeps the files of the customer's pages, so that tickets can be shown without network: a script that the browser runs
// beside the pages. What the server answers to calls it never sees; one's own tickets are kept by kept.js.

const version = /^\/assets\/(\w+)\//.exec(self.location.pathname)[1];
const NAME = `boxoffice ${version}`;
/** Of this version, and the venue's own: a picture or a colour, whose address names what it is. */
const OURS = new RegExp(`^/(assets/${version}/(shared|customer)|look|pictures)/`);
/** A network that says nothing for so long is as good as none. */
const SILENT_MS = 3000;

/** Keeps the page and every file that it or its modules name, in waves: what the last wave names is the next one. */
async function keepAll() {
  const kept = await caches.open(NAME);
  const page = await fetch('/', { cache: 'no-cache' });
  const known = new Set();
  let wave = namesIn(await page.clone().text(), /="(\/(?:assets|look|pictures)\/[^"]+)"/g, '/');
  while (wave.length) {
    for (const path of wave) known.add(path);
    const texts = await Promise.all(wave.map((path) => keepFile(kept, path)));
    const imported = texts.flatMap((text, at) => namesIn(text, /\b(?:from|import|URL)\s*\(?'(\.[^']+)'/g, wave[at]));
    wave = [...new Set(imported)].filter((path) => !known.has(path));
  }
  await kept.put('/', page); // last: it is there only when all that it needs is
}

const namesIn = (text, pattern, beside) => [...text.matchAll(pattern)].map(([, name]) => new URL(name, self.location.origin + beside).pathname);

async function keepFile(kept, path) {
  if (!OURS.test(path)) throw new Error(`${path} is of another version`);
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  await kept.put(path, answer.clone());
  return path.endsWith('.js') ? answer.text() : '';
}

const find = (path) => caches.match(path, { cacheName: NAME, ignoreVary: true });

/** The page as the server has it, or as it was kept when nobody answers in time. */
async function pageOrKept(request) {
  const answer = fetch(request);
  const silence = new Promise((resolve) => { setTimeout(resolve, SILENT_MS); });
  const first = await Promise.race([answer, silence]).catch(() => null);
  return first ?? (await find('/')) ?? answer;
}

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(keepAll());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)))));
});

// A page asks so when it has tickets: what was cleared meanwhile is kept anew.
self.addEventListener('message', (event) => {
  event.waitUntil(find('/').then((page) => page ?? keepAll()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' && /^\/(c\/\d+)?$/.test(pathname)) event.respondWith(pageOrKept(request));
  else if (OURS.test(pathname)) event.respondWith(find(pathname).then((kept) => kept ?? fetch(request)));
});
