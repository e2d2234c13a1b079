// A column of fields that is typed down by keyboard: Enter saves and goes on, arrows go up and down, each row is sent by itself.
(() => {
  const fields = () => [...document.querySelectorAll("[data-grid]")];
  const isChanged = (field) => field.value.trim() !== "" && field.value !== (field.dataset.sent ?? field.dataset.kept);

  function send(field) {
    field.dataset.sent = field.value;
    htmx.trigger(field, "save");
  }

  function go(field, step) {
    const all = fields();
    const next = all[all.indexOf(field) + step];
    if (!next) return;
    next.focus();
    next.select();
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-grid]") || event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      // A value that was asked about is sent again by Enter, though it did not change.
      if (isChanged(field) || "asks" in field.dataset) send(field);
      go(field, 1);
    } else if (event.key === "ArrowDown") { event.preventDefault(); go(field, 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); go(field, -1); }
  });
  document.addEventListener("focusout", (event) => {
    const field = event.target;
    if (field.matches?.("[data-grid]") && isChanged(field)) send(field);
  });
  // What did not arrive is sent again by Enter, and is marked until then.
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    const field = event.detail.elt;
    if (!field.matches?.("[data-grid]")) return;
    delete field.dataset.sent;
    field.classList.add("is-invalid");
  }));
})();
