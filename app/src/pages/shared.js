(() => {
  const live = document.getElementById("live"), words = document.querySelector("#fresh .words");
  // On a wall the view is as high as its frame, and not the other way round.
  if (parent !== self && !document.querySelector("[data-kiosk]")) new ResizeObserver(() => parent.postMessage({ studioMetrics: document.documentElement.scrollHeight }, "*")).observe(document.body);
  if (!live) return;
  let tag = "";
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + "/live", { cache: "no-store", headers: tag ? { "if-none-match": tag } : {} });
      if (answer.status === 404) return location.reload();
      if (answer.status === 200) { tag = answer.headers.get("etag") || ""; live.innerHTML = await answer.text(); }
      else if (answer.status !== 304) throw 0;
      words.textContent = "Live";
    } catch { words.textContent = "Offline; the last figures stay"; }
  };
  setInterval(look, 10000);
  document.addEventListener("visibilitychange", look);
})();
