// Behaviour that pages share: theme, search by keyboard, forms that are sent once, confirmations, charts.
(() => {
  const root = document.documentElement;

  function switchTheme() {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = next;
    root.dataset.themeChoice = next;
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new CustomEvent("wattline:theme"));
  }

  // ---- search box -------------------------------------------------------------------------------------------------
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  const box = () => document.getElementById("search-box");
  const answers = () => document.getElementById("search-answers");
  const options = () => [...(answers()?.querySelectorAll("[role=option]") ?? [])];

  function focusSearch(event) {
    if (!box()) return;
    event.preventDefault();
    box().focus();
    box().select();
  }

  function choose(step) {
    const all = options();
    if (!all.length) return;
    const now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = (now + step + all.length) % all.length;
    all.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
    all[next].scrollIntoView({ block: "nearest" });
    box().setAttribute("aria-activedescendant", all[next].id);
  }

  function closeAnswers() {
    answers()?.replaceChildren();
    box()?.setAttribute("aria-expanded", "false");
  }

  function searchKey(event) {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(-1); }
    else if (event.key === "Escape") { closeAnswers(); box().blur(); }
    else if (event.key === "Enter") {
      const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
      if (chosen) { event.preventDefault(); location.assign(chosen.getAttribute("href")); }
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.target === box()) return searchKey(event);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return focusSearch(event);
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (event.key === "/") return focusSearch(event);
    const shortcut = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (shortcut) { event.preventDefault(); shortcut.click(); }
    return undefined;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) switchTheme();
    if (event.target.closest("[data-print]")) window.print();
    if (!event.target.closest(".desk-search")) closeAnswers();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "search-answers") return;
    box()?.setAttribute("aria-expanded", String(options().length > 0));
    if (options().length) choose(1);
  });

  // ---- forms ------------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.querySelectorAll("button[type=submit], button:not([type])").forEach((button) => button.classList.add("btn-loading"));
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll(".btn-loading").forEach((button) => button.classList.remove("btn-loading"));
    });
  });
  document.querySelector("form .is-invalid, form [autofocus]")?.focus();

  // ---- progress bars: width comes from data, since inline styles are refused ------------------------------------------
  function fillBars(scope) {
    scope.querySelectorAll("[data-width]").forEach((bar) => { bar.style.width = `${bar.dataset.width}%`; });
  }
  fillBars(document);
  document.addEventListener("htmx:afterSettle", (event) => fillBars(event.target.parentElement ?? document));
})();
