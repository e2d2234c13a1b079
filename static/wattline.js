// Behaviour that pages share: theme, keys, search, forms that are sent once, bulk choices, progress.
(() => {
  const root = document.documentElement;

  function switchTheme() {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = next;
    root.dataset.themeChoice = next;
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new CustomEvent("wattline:theme"));
  }

  // ---- search box ---------------------------------------------------------------------------------------------------
  const isTyping = (element) => element instanceof Element && element.closest("input, textarea, select, [contenteditable]") !== null;
  const box = () => document.getElementById("search-box");
  const answers = () => document.getElementById("search-answers");
  const options = () => [...(answers()?.querySelectorAll("[role=option]") ?? [])];
  const chosen = () => options().find((option) => option.getAttribute("aria-selected") === "true");
  let isEnterWaiting = false;

  function focusSearch(event) {
    if (!box()) return;
    event.preventDefault();
    box().focus();
    box().select();
  }

  function choose(step) {
    const all = options();
    if (!all.length) return;
    const now = all.indexOf(chosen());
    const next = now < 0 ? 0 : (now + step + all.length) % all.length;
    all.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
    all[next].scrollIntoView({ block: "nearest" });
    box().setAttribute("aria-activedescendant", all[next].id);
  }

  function closeAnswers() {
    answers()?.replaceChildren();
    box()?.setAttribute("aria-expanded", "false");
    box()?.removeAttribute("aria-activedescendant");
    isEnterWaiting = false;
  }

  function searchKey(event) {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(-1); }
    else if (event.key === "Escape") { event.preventDefault(); closeAnswers(); box().blur(); }
    else if (event.key === "Enter") {
      const isFresh = answers().dataset.of === box().value;
      if (isFresh && chosen()) { event.preventDefault(); location.assign(chosen().href); }
      else if (!isFresh && box().value.trim()) { event.preventDefault(); isEnterWaiting = true; htmx.trigger(box(), "ask"); }
    }
  }

  // Enter may come before the answers: then the first answer is opened when it comes, or all results are shown.
  function showAnswers() {
    answers().dataset.of = box().value;
    box().setAttribute("aria-expanded", String(options().length > 0));
    choose(0);
    if (!isEnterWaiting) return;
    isEnterWaiting = false;
    const whole = options().filter((option) => option.dataset.whole);
    const only = whole.length === 1 ? whole[0] : options().length === 1 ? options()[0] : null;
    if (only) location.assign(only.href);
    else box().form.submit();
  }

  function openPart(part) {
    const section = part.querySelector("details");
    if (!section) { part.querySelector("a").click(); return; }
    section.open = true;
    section.querySelector("a.is-here, a").focus();
  }

  // ---- keys -----------------------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.target === box()) { searchKey(event); return; }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { focusSearch(event); return; }
    if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code)) {
      const part = document.querySelectorAll(".desk-nav > ul > li")[Number(event.code.slice(5)) - 1];
      if (part) { event.preventDefault(); openPart(part); }
      return;
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { focusSearch(event); return; }
    const shortcut = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (shortcut) { event.preventDefault(); shortcut.click(); }
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("[data-theme-switch]")) switchTheme();
    if (target.closest("[data-print]")) window.print();
    if (!target.closest(".desk-search")) closeAnswers();
    const copied = target.closest("[data-copy]");
    if (copied) navigator.clipboard?.writeText(copied.dataset.copy).then(() => copied.classList.add("is-copied"));
  });
  // One question at a time, the newest waits (hx-sync): an answer to what is no longer asked, or after the box was left, is not shown.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "search-answers") return;
    const isWanted = event.detail.requestConfig.parameters.q === box().value && document.activeElement === box();
    if (!isWanted) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "search-answers") showAnswers(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === box() && !event.detail.successful && isEnterWaiting) box().form.submit();
  });

  // ---- forms ----------------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || form.target === "_blank") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    event.submitter?.classList.add("btn-loading");
  });
  // A file that was at fault and was chosen anew is kept by the browser as it is: what was said of it before is not true any more.
  function forgetFault(input) {
    if (document.getElementById(`${input.id}_error`)) return;
    const hint = document.getElementById(`${input.id}_helptext`);
    input.classList.remove("is-invalid");
    input.removeAttribute("aria-invalid");
    if (hint) input.setAttribute("aria-describedby", hint.id); else input.removeAttribute("aria-describedby");
  }
  // A form that a script sends: what is wrong is read out and looked at first; what did not arrive is said in its place.
  document.addEventListener("htmx:load", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("[data-focuses]")) return;
    form.querySelectorAll("input[type=file]").forEach(forgetFault);
    form.querySelector(".error-summary")?.focus();
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    const place = event.detail.elt.querySelector?.("[data-send-error]");
    if (place) { place.hidden = false; place.scrollIntoView({ block: "center" }); }
  }));
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll(".btn-loading").forEach((button) => button.classList.remove("btn-loading"));
    });
  });
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-check-all]")) {
      document.querySelectorAll(`input[name="${target.dataset.checkAll}"]`).forEach((one) => { one.checked = target.checked; });
    }
    if (target.matches("[data-submits]")) target.form.requestSubmit();
    if (target.matches("[data-shows]")) showChosen(target.form);
    if (target.matches("input[type=file]")) showFileName(target);
    countChosen();
  });

  function countChosen() {
    document.querySelectorAll("[data-counts]").forEach((place) => {
      const count = document.querySelectorAll(`input[name="${place.dataset.counts}"]:checked`).length;
      place.textContent = String(count);
      place.closest("form")?.querySelectorAll("[data-needs-choice]").forEach((button) => { button.disabled = count === 0; });
    });
  }

  // A group of fields that belongs to one choice is shown, and sent, only while that is chosen.
  function showChosen(scope) {
    scope.querySelectorAll("[data-shown-for]").forEach((group) => {
      const [name, value] = group.dataset.shownFor.split("=");
      const now = scope.querySelector(`[name="${name}"]:checked`) ?? scope.querySelector(`select[name="${name}"]`);
      group.hidden = now?.value !== value;
    });
  }

  function showFileName(input) {
    const place = document.querySelector(`[data-file-name="${input.id}"]`);
    if (place && input.files.length) place.textContent = [...input.files].map((file) => file.name).join(", ");
  }

  document.querySelectorAll("form").forEach((form) => { if (form.querySelector("[data-shown-for]")) showChosen(form); });
  countChosen();
  document.querySelectorAll(".drop-zone").forEach((zone) => {
    const input = zone.querySelector("input[type=file]");
    zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("is-over"); });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      input.files = event.dataTransfer.files;
      showFileName(input);
    });
  });
  (document.querySelector("form .is-invalid") ?? document.querySelector("form [autofocus]"))?.focus();

  // ---- widths come from data, since inline styles are refused -----------------------------------------------------------
  function fillBars(scope) {
    scope.querySelectorAll("[data-width]").forEach((bar) => { bar.style.width = `${bar.dataset.width}%`; });
  }
  fillBars(document);
  document.addEventListener("htmx:afterSettle", () => fillBars(document));

  // On a phone a section of the rail is a panel over the page: none is open at first, and a tap beside it or Esc shuts it.
  const rail = document.querySelector(".desk-nav");
  if (rail) {
    const isPhone = matchMedia("(max-width: 47.99rem)");
    const shut = () => rail.querySelectorAll("details[open]").forEach((section) => { section.open = false; });
    if (isPhone.matches) shut();
    rail.classList.add("is-ready");
    document.addEventListener("click", (event) => { if (isPhone.matches && !rail.contains(event.target)) shut(); });
    rail.addEventListener("keydown", (event) => {
      const section = event.target.closest("details[open]");
      if (event.key !== "Escape" || !section) return;
      section.open = false;
      section.querySelector("summary").focus();
    });
    if (!isPhone.matches) rail.querySelector(".is-here")?.scrollIntoView({ block: "nearest" });
  }

  // ---- pages of rounds that are kept for reading without net --------------------------------------------------------
  // They go with who signs out, on whatever page, and before anybody signs in; values that wait stay, for who typed them.
  async function forgetRounds() {
    if (!("caches" in window)) return;
    const names = (await caches.keys()).filter((name) => name.startsWith("wattline-field-"));
    await Promise.all(names.map((name) => caches.delete(name)));
  }

  document.querySelectorAll('form[action$="/logout/"]').forEach((form) => form.addEventListener("submit", forgetRounds));
  if (document.querySelector('form[action$="/login/"]')) forgetRounds();
})();
