// Phone pages: what was typed survives a page that is lost on the way; a photo input may take the same photo again.
(() => {
  const drafts = document.querySelectorAll("form[data-draft]");
  const fields = (form) => [...form.elements].filter((one) => one.name && one.type !== "file" && one.type !== "hidden" && one.type !== "password");

  drafts.forEach((form) => {
    const key = `draft-${form.dataset.draft}`;
    const kept = JSON.parse(localStorage.getItem(key) ?? "{}");
    const isFresh = !document.querySelector(".error-summary");
    if (isFresh) {
      fields(form).forEach((one) => {
        if (!(one.name in kept)) return;
        if (one.type === "radio" || one.type === "checkbox") one.checked = one.value === kept[one.name];
        else one.value = kept[one.name];
      });
    }
    form.addEventListener("input", () => {
      const typed = {};
      fields(form).forEach((one) => { if ((one.type !== "radio" && one.type !== "checkbox") || one.checked) typed[one.name] = one.value; });
      localStorage.setItem(key, JSON.stringify(typed));
    });
  });

  // Drafts of orders that are no longer under way here are forgotten.
  if (!drafts.length && document.querySelector(".field-list")) {
    const open = new Set([...document.querySelectorAll(".field-card:not(.is-done)")].map((card) => `draft-work-${card.getAttribute("href").match(/\d+/)?.[0]}`));
    Object.keys(localStorage).filter((key) => key.startsWith("draft-work-") && !open.has(key)).forEach((key) => localStorage.removeItem(key));
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches?.("[data-clears]")) event.detail.elt.value = "";
  });
})();
