// Suggested classes while a case is taken in: a button, or F2 from anywhere in the form, takes one.
(() => {
  function take(button) {
    const list = document.getElementById("id_class_code");
    const kind = document.getElementById("id_kind");
    if (button.dataset.kind && kind) kind.value = button.dataset.kind;
    if (!list) return;
    list.value = button.dataset.class;
    document.querySelectorAll("[data-class]").forEach((one) => { one.setAttribute("aria-pressed", String(one === button)); });
    const place = document.querySelector("[data-accepted]");
    if (place) place.textContent = `${place.dataset.accepted} ${list.selectedOptions[0]?.textContent ?? ""}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-class]");
    if (button) take(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F2" || event.isComposing) return;
    const first = document.querySelector("[data-class]");
    if (first) { event.preventDefault(); take(first); }
  });
  // What was chosen stays marked when suggestions come anew.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "suggested") return;
    const chosen = document.getElementById("id_class_code")?.value;
    event.target.querySelectorAll("[data-class]").forEach((one) => { one.setAttribute("aria-pressed", String(one.dataset.class === chosen)); });
  });
})();
