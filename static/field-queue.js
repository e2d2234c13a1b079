// The page of a round on a phone: one stop after another; what is typed is kept on the phone until the server has it.
// Each entry has a key, and is sent until it is answered: the same key twice is one entry.
(() => {
  const page = document.getElementById("round");
  if (!page) return;
  const words = JSON.parse(document.getElementById("round-words").textContent);
  const { round, user, made, sync } = page.dataset;
  const WAITS = "waits", ASKED = "asked", KEPT = "kept", UNFIT = "unfit";
  const BAD = [400, 413], GONE = 404, MEANWHILE = "read_meanwhile";
  const BATCH = 20, EDGE = 1600, QUALITY = 0.8, AGAIN_MS = 30_000, ANSWER_MS = 60_000, PLACE_MS = 300_000;
  const fill = (text, facts) => text.replace(/%\((\w+)\)s/g, (_all, name) => facts[name]);
  const forms = [...page.querySelectorAll("form[data-register]")];
  const stops = [...page.querySelectorAll("[data-stop]")];
  const photos = new WeakMap();
  const formOf = (register) => page.querySelector(`form[data-register="${register}"]`);

  // ---- what is kept on the phone ------------------------------------------------------------------------------------
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("wattline-field", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "key" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => say("no_store"));

  async function inStore(mode, deed) {
    const transaction = (await opened).transaction("entries", mode);
    const request = deed(transaction.objectStore("entries"));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  const everything = () => inStore("readonly", (store) => store.getAll());
  const ofRound = async () => (await everything()).filter((one) => one.round === round && one.user === user);

  // An entry takes the place of the one before it of the same counter, in one transaction; a photo that waits goes with it.
  async function keep(entry) {
    try {
      const before = (await ofRound()).filter((one) => one.register === entry.register);
      entry.photo ??= before.find((one) => one.photo)?.photo ?? null;
      await inStore("readwrite", (store) => { before.forEach((one) => store.delete(one.key)); store.put(entry); });
    } catch { say("no_store"); return; }
    const form = formOf(entry.register);
    photos.delete(form);
    delete form.dataset.asked;
    delete form.dataset.isTyped;
    await show();
    send();
  }

  // What was answered may have been typed anew meanwhile: then the answer is of no entry any more.
  function settle(key, change) {
    return inStore("readwrite", (store) => {
      store.get(key).onsuccess = (event) => {
        const entry = event.target.result;
        const next = entry && change(entry);
        if (next) store.put(next); else if (entry) store.delete(key);
      };
    });
  }

  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  }

  // ---- what is typed ------------------------------------------------------------------------------------------------
  const day = document.getElementById("round-date");
  day.addEventListener("input", () => { day.dataset.isChosen = "yes"; });

  function readDate() {
    if (!day.value) { day.value = day.defaultValue; delete day.dataset.isChosen; }
    const now = new Date();
    const local = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
    if (!day.dataset.isChosen && local >= day.min && local <= day.max) day.value = local;
    return day.value;
  }

  const whOf = (text) => { const [whole, part = ""] = text.split("."); return BigInt(whole + part.padEnd(3, "0")); };
  const kwhOf = (wh) => { const digits = wh.padStart(4, "0"); return `${digits.slice(0, -3)}.${digits.slice(-3)}`; };

  function isOutside(form, text) {
    if (!("low" in form.dataset)) return false;
    const [value, low, high] = [whOf(text), BigInt(form.dataset.low), BigInt(form.dataset.high)];
    return low <= high ? value < low || value > high : value < low && value > high;
  }

  async function keepValue(form) {
    const typed = form.elements.reading.value.trim();
    if (!/^\d{1,12}(\.\d{1,3})?$/.test(typed)) { tell(form, "bad", words.refused, words.no_number); return; }
    // The same value once more says that it is right, whether the phone or the server asked.
    const before = (await ofRound()).find((one) => one.register === form.dataset.register);
    const isConfirmed = before?.state === ASKED && before.said === "asked" && before.value === typed;
    const isSure = form.dataset.asked === typed || (isConfirmed && isLikely(before));
    if (isOutside(form, typed) && !isSure) {
      form.dataset.asked = typed;
      const [low, high] = [form.dataset.low, form.dataset.high].map((one) => kwhOf(one).replace(/\.?0+$/, ""));
      tell(form, "warn", words.asked, fill(words.outside, { low, high }));
      return;
    }
    const seen = form.dataset.held ? kwhOf(form.dataset.held) : null;
    await keep(entryOf(form, { value: typed, sure: isSure, seen: isConfirmed ? before.held ?? before.seen : seen }));
  }

  // Who was told of a value of others was not asked yet whether their own is likely.
  const isLikely = (entry) => entry.sure || entry.code !== MEANWHILE;

  async function keepMiss(form) {
    const reason = form.elements.reason;
    const kept = new Set((await ofRound()).filter((one) => !one.reason && one.state !== ASKED).map((one) => one.register));
    const left = [...form.closest("[data-meter]").querySelectorAll("form[data-register]")].filter((one) => !one.dataset.held && !kept.has(one.dataset.register));
    if (!reason.value) { tell(form, "bad", words.refused, words.no_reason); return; }
    if (!left.length) { tell(form, "bad", words.refused, words.all_read); return; }
    const name = reason.selectedOptions[0].textContent;
    form.querySelector(".round-said").replaceChildren();
    await keep(entryOf(left[0], { reason: reason.value, name, note: form.elements.note.value.trim() }));
  }

  function entryOf(form, more) {
    const photo = photos.get(form) ?? null;
    return { key: newKey(), user, round, sync, register: form.dataset.register, date: readDate(), position: place(), state: WAITS, photo, ...more };
  }

  // A photo of a phone has several MB: what is kept is small enough to be sent where the net is weak.
  async function takePhoto(form, input) {
    if (!input.files.length) return;
    try {
      const picture = await createImageBitmap(input.files[0]);
      const scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const taken = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
      if (!taken) throw new Error("no picture");
      photos.set(form, taken);
      input.closest("label").querySelector("span").textContent = words.photo;
    } catch { tell(form, "bad", words.refused, words.no_photo); }
    input.value = "";
  }

  // ---- where the phone is: only while the tick is set, and only to a thousandth of a degree --------------------------
  const tick = document.getElementById("round-position");
  let watch = null, last = null;

  function tellPlace(text) {
    const told = document.getElementById("round-place");
    [told.textContent, told.hidden] = [text, !text];
  }

  function follow() {
    navigator.geolocation.clearWatch(watch);
    [watch, last] = [null, null];
    tellPlace("");
    if (!tick.checked) return;
    watch = navigator.geolocation.watchPosition(
      ({ coords, timestamp }) => {
        last = { north: coords.latitude.toFixed(3), east: coords.longitude.toFixed(3), at: timestamp };
        tellPlace(fill(words.here, last));
      },
      () => { last = null; tellPlace(words.no_place); },
      { maximumAge: 60_000 },
    );
  }

  function place() {
    if (!tick.checked || !last || Date.now() - last.at > PLACE_MS) return null;
    return { north: last.north, east: last.east };
  }

  // ---- sending ------------------------------------------------------------------------------------------------------
  let isSending = false, isAskedAgain = false;

  async function send() {
    isAskedAgain = true;
    if (isSending) return;
    isSending = true;
    try { while (isAskedAgain) { isAskedAgain = false; await sendAll(); } }
    finally { isSending = false; }
  }

  async function sendAll() {
    let said = "";
    const alone = new Set(), left = new Set();
    for (;;) {
      const all = (await everything()).filter((one) => one.state === WAITS);
      const mine = all.filter((one) => one.user === user && !left.has(one.key)).sort((one, other) => (other.round === round) - (one.round === round));
      if (!mine.length) { said = left.size ? "failed" : all.length ? "other_user" : "sent"; break; }
      const [first] = mine;
      const isWith = (one) => one.round === first.round && !one.photo && !alone.has(one.key);
      const batch = isWith(first) ? mine.filter(isWith).slice(0, BATCH) : [first];
      said = await sendSome(batch);
      // What the server cannot take goes alone, so that it keeps nothing else back.
      if (said === UNFIT) batch.forEach((one) => (batch.length > 1 ? alone : left).add(one.key));
      else if (said) break;
    }
    await show();
    await say(said);
  }

  // Returns why it ends here, "" where the next ones may follow.
  async function sendSome(batch) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
    const body = new FormData();
    body.append("user", user);
    body.append("entries", JSON.stringify(batch.map((one) => ({
      key: one.key, register: Number(one.register), date: one.date, reading: one.value, reason: one.reason, note: one.note,
      seen: one.seen, sure: one.sure, position: one.position,
    }))));
    batch.filter((one) => one.photo).forEach((one) => body.append(`photo-${one.key}`, one.photo, "photo.jpg"));
    let answer;
    try {
      const options = { method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": token }, signal: AbortSignal.timeout(ANSWER_MS) };
      answer = await fetch(batch[0].sync, options);
      if (answer.type === "opaqueredirect" || answer.status === 403) return "sign_in";
      if (answer.status === 409) return "other_user";
      if (BAD.includes(answer.status) && batch.length === 1) { await settle(batch[0].key, refusedBy(await answer.text())); return ""; }
      if (answer.status === GONE || BAD.includes(answer.status)) return UNFIT;
      if (!answer.ok) return "failed";
      answer = await answer.json();
    } catch { return "offline"; }
    for (const one of answer.answers) await settle(one.key, (entry) => changed(entry, one, answer.at));
    if (batch[0].round === round) Object.assign(page.dataset, answer.round);
    return answer.answers.length === batch.length ? "" : "failed";
  }

  // The message of one entry that is none, or is too large: whoever typed it hears it, and types it anew or drops it.
  function refusedBy(body) {
    let text = "";
    try { ({ text } = JSON.parse(body)); } catch { /* another page than ours */ }
    return (entry) => ({ ...entry, state: ASKED, said: "refused", text, held: null });
  }

  function changed(entry, answer, at) {
    const isKept = answer.said === "kept" || answer.said === "missed";
    const told = { said: answer.said, text: answer.text, held: answer.held, code: answer.code, at };
    return isKept ? { ...entry, state: KEPT, photo: null, position: null, ...told } : { ...entry, state: ASKED, ...told };
  }

  // ---- what is shown ------------------------------------------------------------------------------------------------
  function tell(form, tone, name, text = "") {
    const state = document.createElement("span");
    state.className = `state state-${tone}`;
    state.textContent = name;
    form.querySelector(".round-said").replaceChildren(state, ` ${text}`);
  }

  function tellAsked(form, entry) {
    tell(form, entry.said === "asked" ? "warn" : "bad", words[entry.said], entry.text);
    const choices = document.getElementById("round-asked").content.cloneNode(true);
    choices.querySelectorAll("[data-do]").forEach((button) => { button.dataset.key = entry.key; });
    form.querySelector(".round-said").append(choices);
  }

  async function show() {
    const found = new Map((await ofRound()).map((one) => [one.register, one]));
    forms.forEach((form) => {
      const entry = found.get(form.dataset.register);
      const field = form.elements.reading;
      form.toggleAttribute("data-done", Boolean(entry || form.dataset.held || form.dataset.missed));
      if (entry?.value && !form.dataset.isTyped && document.activeElement !== field) field.value = entry.value;
      else if (!entry && form.dataset.held && !field.value) field.value = kwhOf(form.dataset.held).replace(/\.?0+$/, "");
      if (entry?.state === ASKED) tellAsked(form, entry);
      else if (entry) tell(form, entry.state === WAITS ? "info" : entry.reason ? "warn" : "ok", entry.state === WAITS ? words.waits : words[entry.said], entry.name ?? "");
      else if (form.dataset.held) tell(form, "ok", words.kept);
      else if (form.dataset.missed) tell(form, "warn", words.missed, form.dataset.missed);
      else if (!form.dataset.asked) form.querySelector(".round-said").replaceChildren();
    });
    stops.forEach((stop) => {
      const isDone = [...stop.querySelectorAll("form[data-register]")].every((form) => form.hasAttribute("data-done"));
      page.querySelector(`.round-stops a[href="#${stop.id}"]`).classList.toggle("is-done", isDone);
    });
    document.getElementById("round-progress").textContent = fill(words.progress, page.dataset);
  }

  async function say(why) {
    const box = document.getElementById("round-net");
    const n = why === "no_store" ? 0 : (await everything()).filter((one) => one.state === WAITS).length;
    box.hidden = !why;
    box.dataset.said = why;
    box.className = `notice ${why === "sent" ? "notice-ok" : "notice-warn"}`;
    box.querySelector("span").textContent = why ? fill(words[why], { n }) : "";
    document.getElementById("round-sign-in").hidden = why !== "sign_in" && why !== "other_user";
  }

  let now = Math.max(stops.findIndex((stop) => `#${stop.id}` === location.hash), 0);
  function go(to, isMoved = true) {
    now = Math.min(Math.max(to, 0), stops.length - 1);
    stops.forEach((stop, index) => { stop.hidden = index !== now; });
    page.querySelectorAll("[data-step]").forEach((button) => { button.disabled = !stops[now + Number(button.dataset.step)]; });
    if (!isMoved || !stops.length) return;
    history.replaceState(null, "", `#${stops[now].id}`);
    stops[now].focus();
    stops[now].scrollIntoView({ block: "nearest" });
  }

  // ---- begin --------------------------------------------------------------------------------------------------------
  page.addEventListener("submit", (event) => {
    event.preventDefault();
    const deed = "miss" in event.target.dataset ? keepMiss : keepValue;
    deed(event.target).catch(() => say("no_store"));
  });
  page.addEventListener("input", (event) => { if (event.target.name === "reading") event.target.form.dataset.isTyped = "yes"; });
  page.addEventListener("change", (event) => { if (event.target.name === "photo") takePhoto(event.target.form, event.target); });
  page.addEventListener("click", async (event) => {
    const step = event.target.closest("[data-step]"), choice = event.target.closest("[data-do]"), link = event.target.closest(".round-stops a");
    if (step) go(now + Number(step.dataset.step));
    else if (link) { event.preventDefault(); link.closest("details").open = false; go(stops.findIndex((stop) => `#${stop.id}` === link.hash)); }
    else if (choice) {
      const isSure = choice.dataset.do === "sure";
      // It is said to be right, knowing what was told: another value of others that came since is told again.
      await settle(choice.dataset.key, (entry) => (isSure ? { ...entry, state: WAITS, sure: isLikely(entry), seen: entry.held ?? entry.seen } : null));
      await show();
      send();
    }
  });
  tick.addEventListener("change", follow);
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
  setInterval(send, AGAIN_MS);

  async function begin() {
    page.hidden = false;
    go(now, false);
    // What this page shows as the server has it is needed on the phone no more.
    const old = (await ofRound()).filter((one) => one.state === KEPT && one.at <= made);
    await inStore("readwrite", (store) => { old.forEach((one) => store.delete(one.key)); });
    await show();
    await send();
    await navigator.storage?.persist?.();
  }
  begin().catch(() => say("no_store"));

  // ---- opening without net ------------------------------------------------------------------------------------------
  if (!("serviceWorker" in navigator)) return;
  const parts = () => [location.pathname, ...performance.getEntriesByType("resource").map((one) => one.name)];
  const askKeep = () => navigator.serviceWorker.controller?.postMessage({ keep: [...new Set(parts())] });
  navigator.serviceWorker.addEventListener("controllerchange", askKeep);
  navigator.serviceWorker.addEventListener("message", (event) => {
    const note = document.getElementById("round-ready");
    if (event.data.isReady) [note.textContent, note.hidden] = [words.ready, false];
  });
  navigator.serviceWorker.register(page.dataset.worker).then(askKeep, () => {});
})();
