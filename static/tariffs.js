// Pages of tariffs: what a map of hours says where the pointer or the arrow keys are; the line of a finding.
(() => {
  const number = (block, name) => Number(block.getAttribute(name));
  const holds = (block, x, y) => number(block, "x") <= x && x < number(block, "x") + number(block, "width")
    && number(block, "y") <= y && y < number(block, "y") + number(block, "height");

  function prepare(map) {
    const tip = document.getElementById(map.dataset.heat);
    const blocks = [...map.querySelectorAll("rect")];
    const { width, height } = map.viewBox.baseVal;
    let here = null;

    function show(block) {
      here?.classList.remove("is-here");
      here = block;
      block.classList.add("is-here");
      map.append(block); // drawn last, so that its frame is whole
      tip.textContent = block.querySelector("title").textContent;
    }

    function move(block, key) {
      const x = number(block, "x"), y = number(block, "y");
      const to = {
        ArrowRight: [x + number(block, "width"), y], ArrowLeft: [x - 1, y],
        ArrowDown: [x, y + number(block, "height")], ArrowUp: [x, y - 1],
        Home: [0, y], End: [width - 1, y],
      }[key];
      if (!to) return false;
      const next = blocks.find((one) => holds(one, (to[0] + width) % width, (to[1] + height) % height));
      if (next) show(next);
      return true;
    }

    map.addEventListener("pointerover", (event) => { if (event.target.matches("rect")) show(event.target); });
    map.addEventListener("focus", () => { if (!here) show(blocks[0]); });
    map.addEventListener("keydown", (event) => { if (move(here ?? blocks[0], event.key)) event.preventDefault(); });
  }

  document.querySelectorAll("[data-heat]").forEach(prepare);

  // A finding leads to its line in the document.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-line]");
    const text = document.getElementById("id_text");
    if (!button || !text) return;
    const lines = text.value.split("\n"), line = Number(button.dataset.line) - 1;
    const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line] ?? "").length);
    text.scrollTop = (text.scrollHeight / lines.length) * Math.max(line - 3, 0);
  });
})();
