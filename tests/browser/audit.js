// What a screen reader, a keyboard and weak eyes need: names, one heading, unique ids, contrast, no sideways scrolling.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && element.getClientRects().length > 0;
  const what = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""} "${(element.textContent || "").trim().slice(0, 30)}"`;

  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const label = element.labels?.[0]?.textContent ?? (by ? document.getElementById(by)?.textContent : "");
    return [element.getAttribute("aria-label"), label, element.textContent, element.title, element.placeholder, element.querySelector("img")?.alt].find((text) => text?.trim()) ?? "";
  };
  document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, [role=img]").forEach((element) => {
    const isField = element.matches("input, select, textarea");
    const name = isField ? element.getAttribute("aria-label") || element.labels?.[0]?.textContent : nameOf(element);
    if (shown(element) && !name?.trim()) faults.push(`no name: ${what(element)} ${element.outerHTML.slice(0, 80)}`);
  });

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => faults.push(`id twice: ${id}`));
  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.querySelector("main")) faults.push("no main");
  document.querySelectorAll("[aria-describedby], [aria-controls], [aria-labelledby]").forEach((element) => {
    for (const name of ["aria-describedby", "aria-controls", "aria-labelledby"]) {
      (element.getAttribute(name) ?? "").split(/\s+/).filter(Boolean).forEach((id) => { if (!document.getElementById(id)) faults.push(`${name} names nothing: ${id}`); });
    }
  });
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`scrolls sideways by ${wide} px`);

  // Contrast by WCAG 2.2, 1.4.3: 4.5 for text, 3 for large text.
  // A canvas understands every colour space that the browser does.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const parse = (text) => {
    if (!known.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, alpha / 255]);
    }
    return known.get(text);
  };
  const over = (top, below) => top.slice(0, 3).map((value, place) => value * top[3] + below[place] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => { const part = value / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = new Set();
  document.querySelectorAll("body *").forEach((element) => {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !shown(element) || element.closest("svg, option, :disabled, .visually-hidden, .skip-link")) return;
    const style = getComputedStyle(element);
    const below = behind(element);
    const ink = over(parse(style.color), below);
    const [high, low] = [light(ink), light(below)].sort((one, other) => other - one);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const key = `${style.color} on ${below.map(Math.round)}`;
    if (ratio < (isLarge ? 3 : 4.5) && !seen.has(key)) { seen.add(key); faults.push(`contrast ${ratio.toFixed(2)}: ${what(element)} ${key}`); }
  });
  return faults;
}
