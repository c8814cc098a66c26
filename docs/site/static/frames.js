// Pages within a page are as dark as it is. The theme has a switch of its own, and chainrule's pages
// look for JupyterLab's attribute; without it they follow what the reader's system prefers.

function tellFrame(frame) {
  const body = frame.contentDocument?.body;
  if (!body) return;
  const theme = document.body.dataset.theme;
  const chosen = theme === "light" || theme === "dark";
  body.style.colorScheme = chosen ? theme : "";
  if (chosen) body.dataset.jpThemeLight = theme === "light";
  else delete body.dataset.jpThemeLight;
}

function tellFrames() {
  document.querySelectorAll("iframe.page").forEach(tellFrame);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const frame of document.querySelectorAll("iframe.page")) frame.addEventListener("load", () => tellFrame(frame));
  new MutationObserver(tellFrames).observe(document.body, { attributeFilter: ["data-theme"] });
  tellFrames();
});
