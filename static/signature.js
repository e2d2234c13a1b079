// A field to sign in with finger, pen or mouse: what was drawn goes along with the form as a PNG.
(() => {
  document.querySelectorAll("form[data-sign]").forEach((form) => {
    const glass = form.querySelector("canvas.glass");
    const field = form.elements.namedItem("signature");
    const pen = glass.getContext("2d");
    let isDown = false;
    let hasInk = false;

    const clear = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, glass.width, glass.height);
      hasInk = false;
      field.value = "";
    };
    const place = (event) => {
      const frame = glass.getBoundingClientRect();
      return [((event.clientX - frame.left) * glass.width) / frame.width, ((event.clientY - frame.top) * glass.height) / frame.height];
    };

    glass.addEventListener("pointerdown", (event) => {
      isDown = true;
      glass.setPointerCapture(event.pointerId);
      pen.lineWidth = 4;
      pen.lineCap = "round";
      pen.lineJoin = "round";
      pen.strokeStyle = "#102030";
      pen.beginPath();
      pen.moveTo(...place(event));
      event.preventDefault();
    });
    glass.addEventListener("pointermove", (event) => {
      if (!isDown) return;
      pen.lineTo(...place(event));
      pen.stroke();
      hasInk = true;
    });
    ["pointerup", "pointercancel"].forEach((name) => glass.addEventListener(name, () => { isDown = false; }));
    form.querySelector("[data-clear]").addEventListener("click", clear);
    form.addEventListener("submit", (event) => {
      const isSigned = event.submitter?.value === "signed";
      field.value = isSigned && hasInk ? glass.toDataURL("image/png") : "";
    });
    clear();
  });
})();
