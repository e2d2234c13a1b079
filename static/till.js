// Sums at the till while somebody types: what was counted, what is to be taken, what is given back. In minor units, exact.
(() => {
  const written = (minor) => {
    const text = String(Math.abs(minor)).padStart(3, "0");
    const whole = text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${minor < 0 ? "−" : ""}¥${whole}.${text.slice(-2)}`;
  };
  const minorOf = (input) => {
    const found = /^(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(input.value.replace(/[,¥\s]/g, ""));
    return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : 0;
  };

  function count() {
    const place = document.querySelector("[data-till-total]");
    if (!place) return;
    let sum = 0;
    document.querySelectorAll("[data-face]").forEach((input) => {
      if (/^\d{1,7}$/.test(input.value)) sum += Number(input.dataset.face) * Number(input.value);
    });
    place.textContent = written(sum);
  }

  function reckon() {
    const place = document.querySelector("[data-till-sum]");
    if (!place) return;
    let sum = 0;
    document.querySelectorAll("[data-part]").forEach((input) => { sum += minorOf(input); });
    const tendered = document.querySelector("[data-tendered]");
    place.textContent = written(sum);
    document.querySelector("[data-till-change]").textContent = tendered.value ? written(minorOf(tendered) - sum) : written(0);
  }

  document.addEventListener("input", () => { count(); reckon(); });
  count();
  reckon();
})();
