// Unfolds everything, and writes into the title of the page around it which texts overlap, which lie outside of the
// window, and which are cut off by their element.
for (const details of document.querySelectorAll("details")) details.open = true;
const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (!node.data.trim() || node.parentElement.closest("script, style, title")) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
    if (box.width > 0.5 && box.height > 0.5) texts.push({ node, box, text: node.data.trim().slice(0, 40) });
  }
}
const width = document.documentElement.clientWidth;
const overlaps = [];
texts.sort((one, other) => one.box.top - other.box.top);
// Boxes of lines are higher than their letters, so a little overlap of boxes is none of letters.
const across = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left);
const down = (one, other) => Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
for (let at = 0; at < texts.length; at++) {
  for (let next = at + 1; next < texts.length; next++) {
    const [one, other] = [texts[at], texts[next]];
    if (other.box.top > one.box.bottom) break;
    if (one.node === other.node) continue;
    const limit = 0.35 * Math.min(one.box.height, other.box.height);
    if (across(one.box, other.box) > 1 && down(one.box, other.box) > limit) {
      overlaps.push([one.text, other.text]);
    }
  }
}
const scrolls = (element) => element.closest(".scroll");
const outside = texts
  .filter(({ node, box }) => !scrolls(node.parentElement) && (box.right > width + 1 || box.left < -1))
  .map(({ text }) => text);
if (document.documentElement.scrollWidth > width + 1) outside.push("the page is wider than the window");
// In a drawing, a text is cut off if it leaves the box that it names.
const cut = [];
for (const text of document.querySelectorAll(".graph .node text")) {
  const [inner, outer] = [text, text.parentElement.querySelector("rect")].map((e) => e.getBoundingClientRect());
  if (inner.right > outer.right || inner.left < outer.left || inner.bottom > outer.bottom + 1) cut.push(text.textContent);
}
parent.document.title = JSON.stringify({ width, texts: texts.length, overlaps, outside, cut });
