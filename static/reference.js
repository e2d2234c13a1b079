// The renderer of the API reference asks its maker's server for a logo. This page fetches from here alone: our mark stands in.
(() => {
  const mark = document.currentScript.dataset.mark;
  const image = HTMLImageElement.prototype;
  const { setAttribute } = image;
  const source = Object.getOwnPropertyDescriptor(image, "src");
  const isOurs = (address) => address.startsWith("data:") || new URL(address, location.href).origin === location.origin;
  const local = (address) => (isOurs(String(address)) ? address : mark);

  image.setAttribute = function (name, value) { setAttribute.call(this, name, name === "src" ? local(value) : value); };
  Object.defineProperty(image, "src", { ...source, set(value) { source.set.call(this, local(value)); } });
})();
