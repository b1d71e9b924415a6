// <studio-metrics share="…" theme="dark"></studio-metrics>: the panel in a frame as high as what it shows.
{
  const home = new URL(document.currentScript.src).origin;
  customElements.define("studio-metrics", class extends HTMLElement {
    static observedAttributes = ["share", "token", "range", "theme", "src"];
    connectedCallback() {
      const frame = this.frame = document.createElement("iframe");
      frame.title = "Studio Metrics";
      frame.loading = "lazy";
      frame.style.cssText = "display:block;width:100%;height:40rem;border:0";
      addEventListener("message", this.heard = ({ source, data }) => {
        if (source === frame.contentWindow && data.studioMetrics > 0) frame.style.height = data.studioMetrics + "px";
      });
      this.show();
      this.append(frame);
    }
    disconnectedCallback() {
      removeEventListener("message", this.heard);
      this.frame.remove();
      delete this.frame;
    }
    attributeChangedCallback() {
      if (this.frame) this.show();
    }
    show() {
      const said = (name) => this.getAttribute(name);
      const token = said("share") || said("token");
      const url = new URL(token ? "/s/" + token.split("/").pop() : "/?kiosk", said("src") || home);
      for (const name of token ? ["theme"] : ["range", "theme"]) if (said(name)) url.searchParams.set(name, said(name));
      if (this.frame.src !== url.href) this.frame.src = url.href;
    }
  });
}
