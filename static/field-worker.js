// Lets pages of rounds open without net. VERSION is put before it by the server: another release, another cache.
// Kept are pages of rounds and our own static files, and nothing else; with net it is always the net that answers.
const CACHE = `wattline-field-${VERSION}`;
const PAGE = new RegExp(`^${new URL(self.registration.scope).pathname}\\d+/$`);
const STATIC = "/static/";
const SERVER_FAILS = 500;
const DAYS_MOST = 7, SLOW_MS = 8_000;

const isOurs = (url) => url.origin === self.location.origin;
const isPage = (url) => isOurs(url) && PAGE.test(url.pathname);
const isStatic = (url) => isOurs(url) && url.pathname.startsWith(STATIC);
const isWhole = (answer) => answer.ok && answer.type === "basic" && !answer.redirected;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("wattline-field-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" ? isPage(url) : isStatic(url)) event.respondWith(answered(event.request, url));
});

// The page says what it is made of, so that it opens again without net, also where it was loaded before this worker.
self.addEventListener("message", (event) => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  const wanted = event.data.keep.map((one) => new URL(one, self.location)).filter((url) => isPage(url) || isStatic(url));
  const kept = await Promise.all(wanted.map(async (url) => {
    try {
      const answer = await fetch(url, { credentials: "same-origin", redirect: "error" });
      return isWhole(answer) && await keep(cache, url, answer);
    } catch { return (await held(cache, url)) !== undefined; }
  }));
  if (kept.every(Boolean)) event.source.postMessage({ isReady: true });
})()));

async function answered(request, url) {
  const cache = await caches.open(CACHE);
  const kept = await held(cache, url);
  let answer;
  try {
    answer = await (kept && isPage(url) ? Promise.race([fetch(request), slow()]) : fetch(request));
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
  if (answer.status >= SERVER_FAILS) return kept ?? answer;
  if (isWhole(answer)) await keep(cache, url, answer.clone());
  else if (answer.type === "opaqueredirect") await forget(cache, () => true);  // signed out: all pages go
  else if (isPage(url)) await cache.delete(keyOf(url), { ignoreVary: true });  // there is no such round of theirs
  return answer;
}

// Where the net is so weak that nothing comes, what is kept is shown.
const slow = () => new Promise((_resolve, reject) => { setTimeout(() => reject(new Error("slow")), SLOW_MS); });

// Where there is no room, the answer is shown all the same. Pages of another user go: they have signed in since.
async function keep(cache, url, answer) {
  try {
    const user = answer.headers.get("Field-User");
    if (isPage(url)) await forget(cache, (kept) => kept.headers.get("Field-User") !== user);
    await cache.put(keyOf(url), answer);
    return true;
  } catch { return false; }
}

async function forget(cache, isGone) {
  for (const request of await cache.keys()) {
    const kept = isPage(new URL(request.url)) ? await cache.match(request, { ignoreVary: true }) : undefined;
    if (kept && isGone(kept)) await cache.delete(request, { ignoreVary: true });
  }
}

const keyOf = (url) => url.origin + url.pathname;

async function held(cache, url) {
  const kept = await cache.match(keyOf(url), { ignoreVary: true });
  const age = kept ? Date.now() - Date.parse(kept.headers.get("date") ?? "") : 0;
  return kept && isPage(url) && age > DAYS_MOST * 86_400_000 ? undefined : kept;
}
