// Small behaviours that any page may ask for by a data attribute.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form && event.target.matches("select")) form.requestSubmit();
});

for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
