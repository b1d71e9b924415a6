// Takes what has changed out of a fresh copy of /pipeline, every five seconds, and says so when there is none.
const EVERY_MS = 5000;

async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const shown of document.querySelectorAll("[data-again]")) {
    const next = fresh.getElementById(shown.id);
    if (!next) continue;
    // The part that has the focus stays as it is.
    if (!shown.contains(document.activeElement)) {
      for (const open of shown.querySelectorAll("details[open]")) {
        next.querySelector("#" + open.id)?.setAttribute("open", "");
      }
      if (next.innerHTML !== shown.innerHTML) shown.innerHTML = next.innerHTML;
    }
    shown.className = next.className;
  }
  document.title = fresh.title;
}

setInterval(async () => {
  if (document.hidden) return;
  try {
    await refresh();
  } catch {
    const at = document.getElementById("as-of");
    at.textContent = "The server does not answer. " + at.textContent.replace(/^.*answer. /, "");
  }
}, EVERY_MS);
