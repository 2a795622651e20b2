// What the reference gains with a script: it works without. No inline script, for the pages' policy allows none.

// Where there is room the contents stand open beside the page; the style alone would hide that from assistive software.
const wide = matchMedia("(min-width: 62rem)");
const unfold = () => {
  for (const contents of document.querySelectorAll(".contents")) contents.open = wide.matches;
};
wide.addEventListener("change", unfold);
unfold();

// One choice of language holds for all examples, and for the next visit.
const KEY = "example-language";
const languages = [...document.querySelectorAll(".tabs input[id^='language-of-']")];
const choose = (label) => {
  for (const radio of languages) radio.checked = radio.value === label || radio.checked;
};
try {
  const kept = localStorage.getItem(KEY);
  if (kept) choose(kept);
} catch {
  // Storage may be forbidden; then the choice lasts as long as the page.
}
document.addEventListener("change", ({ target }) => {
  if (!languages.includes(target)) return;
  choose(target.value);
  try {
    localStorage.setItem(KEY, target.value);
  } catch {
    // As above.
  }
});

// Copying is offered where the browser lets a page write to the clipboard.
const button = (block) => {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.innerText);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  });
  return copy;
};
if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre")) {
    const frame = document.createElement("div");
    frame.className = "code";
    block.replaceWith(frame);
    frame.append(block, button(block));
  }
}

// The list of operations shrinks to those that have every word that was typed.
const filter = document.getElementById("filter");
const entries = [...document.querySelectorAll("[data-words]")];
const apply = () => {
  const words = filter.value.toLowerCase().split(/\s+/);
  let count = 0;
  for (const entry of entries) {
    entry.hidden = !words.every((word) => entry.dataset.words.toLowerCase().includes(word));
    count += entry.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
  document.getElementById("filter-result").textContent = filter.value ? `${count} operations` : "";
};
filter?.addEventListener("input", apply);
