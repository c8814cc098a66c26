// Pages within a page are as tall as what they show, and as dark as it is. The theme has a switch of its own, and chainrule's pages
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

// A page that has grown or shrunk, as one that is stepped through does, has its frame follow.
function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  if (!page) return;
  const follow = () => { frame.style.height = `${page.offsetHeight + 2}px`; };
  new ResizeObserver(follow).observe(page);
  follow();
}

function tellFrames() {
  document.querySelectorAll("iframe.page").forEach(tellFrame);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const frame of document.querySelectorAll("iframe.page")) {
    frame.addEventListener("load", () => { tellFrame(frame); fit(frame); });
    if (frame.contentDocument?.readyState === "complete") fit(frame);
  }
  new MutationObserver(tellFrames).observe(document.body, { attributeFilter: ["data-theme"] });
  tellFrames();
});
