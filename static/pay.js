// Adds up the bills that are ticked; without it the form works as well, and the next page says the amount.
(() => {
  const form = document.querySelector("[data-pay]");
  const total = form?.querySelector(".pay-total");
  if (!total) return;
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: total.dataset.currency, currencyDisplay: "narrowSymbol" });
  const places = money.resolvedOptions().maximumFractionDigits;

  function show() {
    let minor = 0;
    for (const box of form.querySelectorAll("[data-minor]:checked")) minor += Number(box.dataset.minor);
    total.querySelector("strong").textContent = money.format(minor / 10 ** places);
    total.hidden = false;
  }

  form.addEventListener("change", show);
  show();
})();
