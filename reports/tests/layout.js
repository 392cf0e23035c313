// What cannot be read on a page as it is laid out: text over other text, or cut off by the window or by an element that
// hides what is too large for it. Evaluates to a list of complaints.
(() => {
  const dialog = document.querySelector('dialog[open]');
  const root = dialog || document.body;
  const edge = 1.5; // pixels: rounding
  const folded = (element) => {
    const details = element.closest('details:not([open])');
    return details && !details.querySelector(':scope > summary')?.contains(element);
  };
  const shown = (element) => !folded(element) && element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && !element.closest('.sr, .skip:not(:focus)');
  const area = (rect) => Math.max(0, rect.right - rect.left) * Math.max(0, rect.bottom - rect.top);
  const meet = (a, b) => ({left: Math.max(a.left, b.left), right: Math.min(a.right, b.right),
                           top: Math.max(a.top, b.top), bottom: Math.min(a.bottom, b.bottom)});
  const say = (text, element) => `${JSON.stringify(text.trim().slice(0, 40))} in ${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}`;
  const complaints = [], pieces = [];

  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent || parent.closest('script, style, template, option, title') || !shown(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (area(rect) < 4) continue;
      let seen = {left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom};
      if (rect.left < -edge) complaints.push(`left of the window: ${say(node.data, parent)}`);
      let scrolls = false;
      for (let element = parent; element && element !== root.parentElement; element = element.parentElement) {
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (style.overflowX === 'visible' || style.display === 'inline') continue;
        if (!scrolls && ['hidden', 'clip'].includes(style.overflowX) && (rect.right > box.right + edge || rect.left < box.left - edge))
          complaints.push(`cut off by ${element.tagName.toLowerCase()}.${element.className}: ${say(node.data, parent)}`);
        if (['auto', 'scroll'].includes(style.overflowX) || ['auto', 'scroll'].includes(style.overflowY)) scrolls = true;
        seen = meet(seen, box);
      }
      if (!scrolls && rect.right > document.documentElement.clientWidth + edge)
        complaints.push(`right of the window: ${say(node.data, parent)}`);
      if (area(seen) >= 4) pieces.push({...seen, node, parent});
    }
  }
  for (const control of root.querySelectorAll('select, input, button')) {
    if (shown(control) && control.scrollWidth > control.clientWidth + 2 && control.tagName === 'BUTTON')
      complaints.push(`cut off: ${say(control.textContent, control)}`);
  }

  pieces.sort((a, b) => a.top - b.top);
  pieces.forEach((one, index) => {
    for (let next = index + 1; next < pieces.length && pieces[next].top < one.bottom - edge; next++) {
      const other = pieces[next];
      if (other.node === one.node) continue;
      const common = meet(one, other);
      // Lines of text stand close: what counts is that a good part of one letter is under another.
      if (common.right - common.left > 2 && common.bottom - common.top > 0.35 * Math.min(one.bottom - one.top, other.bottom - other.top))
        complaints.push(`overlap: ${say(one.node.data, one.parent)} and ${say(other.node.data, other.parent)}`);
    }
  });
  return complaints.slice(0, 20);
})()
