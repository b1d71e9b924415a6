// Takes what has changed out of a fresh copy of /pipeline, every five seconds, and says so when there is none.
const EVERY_MS = 5000;

// The first sentence of the page, and its title, say that nothing new is known.
function lead(text) {
  const sentence = document.getElementById("sentence");
  sentence.className = "sentence bad";
  sentence.textContent = text;
  document.title = text;
}

// Why the server does not say how things are, in its own words.
function refusal(page) {
  const words = [...page.querySelectorAll(".lone h1, .lone h1 + p")].map((part) => part.textContent);
  return words.join(". ") || "The server cannot say now.";
}

function take(fresh) {
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
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) take(page);
    else lead(refusal(page));
  } catch {
    const silence = "The server does not answer.";
    const at = document.getElementById("as-of");
    lead(silence);
    at.textContent = silence + " " + at.textContent.replace(/^.*answer. /, "");
  }
}, EVERY_MS);
