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

  // What was read on rounds is sent by their pages: my day leads there, also where a round is listed no more.
  const waiting = document.getElementById("rounds-waiting");
  if (waiting && "indexedDB" in window) {
    const asked = indexedDB.open("wattline-field", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "key" });
    asked.onsuccess = () => {
      asked.result.transaction("entries").objectStore("entries").getAll().onsuccess = (event) => {
        const left = event.target.result.filter((one) => one.user === waiting.dataset.user && one.state !== "kept");
        new Set(left.map((one) => one.sync)).forEach((sync) => {
          const link = document.createElement("a");
          link.href = sync.replace(/sync\/$/, "");
          const ofRound = left.filter((one) => one.sync === sync);
          link.textContent = `${waiting.dataset.name} ${ofRound[0].round} (${ofRound.length})`;
          waiting.lastElementChild.append(" ", link);
        });
        waiting.hidden = !left.length;
      };
    };
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches?.("[data-clears]")) event.detail.elt.value = "";
  });
})();
