// Small behaviours that any page may ask for by a data attribute.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form && event.target.matches("select")) form.requestSubmit();
});

// In a table that asks for it, the arrow keys go from one row's link to the next.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const table = event.target.closest("[data-arrow-keys]");
  if (!step || !table) return;
  const links = [...table.querySelectorAll("tbody th a")];
  const next = links[links.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
