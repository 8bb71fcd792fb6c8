// Measures the contrast of every text in sight. docs: WCAG 2.2, 1.4.3 (relative luminance, contrast ratio)
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parsed = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((each, at) => each * a + under[at] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((each) =>
      each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const ancestors = (el) => (el ? [...ancestors(el.parentElement), el] : []);
  const topDialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  const weak = [];
  for (const el of document.querySelectorAll("body *")) {
    const words = [...el.childNodes]
      .filter((node) => node.nodeType === 3)
      .map((node) => node.data.trim())
      .join(" ")
      .trim();
    if (!words || !el.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (topDialog && !topDialog.contains(el)) continue;
    if (el.closest(":disabled, .unseen, .emoji")) continue;
    const line = ancestors(el);
    const opacity = line.reduce((product, each) => product * Number(getComputedStyle(each).opacity), 1);
    const ground = line.reduce(
      (under, each) => over(parsed(getComputedStyle(each).backgroundColor), under),
      [255, 255, 255],
    );
    const style = getComputedStyle(el);
    const [r, g, b, a] = parsed(style.color);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(over([r, g, b, a * opacity], ground), ground);
    if (found < (large ? 3 : 4.5))
      weak.push([
        words.slice(0, 40),
        found.toFixed(2),
        style.color,
        ground.map(Math.round).join(" "),
        el.className,
      ]);
  }
  return weak;
};
