// Views that are shared: by a link, and in a frame of a page of another origin.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { examine } from "./examine";
import { expect, NOW, Studio, test as base } from "./studio";

/** A page of another origin, as the Studio has one. */
class OtherSite {
  html = "";
  private readonly server: Server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!DOCTYPE html><html lang="en"><title>Studio</title><link rel="icon" href="data:,">${this.html}</html>`);
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const test = base.extend<{ site: OtherSite & { url: string }; framed: Studio }>({
  site: async ({}, use) => {
    const site = new OtherSite();
    const url = await site.start();
    await use(Object.assign(site, { url }));
    site.stop();
  },
  framed: async ({ site }, use) => {
    // By another name, so that cookies are those of a third party.
    const studio = new Studio({ STUDIO_NOW: NOW, STUDIO_FRAME_ORIGINS: site.url });
    await studio.start();
    studio.url = studio.url.replace("127.0.0.1", "localhost");
    await use(studio);
    await studio.discard();
  },
});

test("a link opens its view, which cannot be left", async ({ page, demo }) => {
  const { url } = await demo.make("/api/share-links", { view: "/?range=30d&tile=latency" });
  await page.goto(url);
  await expect(page.locator(".scope")).toHaveText("30 days · All campaigns");
  await expect(page.locator("[data-tile=latency]")).toBeVisible();
  await examine(page);
  await expect(page.locator("#live :is(a[href], button, input, select, summary)")).toHaveCount(0);
  await page.keyboard.press("9");
  await page.keyboard.press("k");
  await expect(page).toHaveURL(url);
  await page.setViewportSize({ width: 320, height: 640 });
  await examine(page);
  const wall = await demo.make("/api/share-links", { view: "/?range=30d&kiosk" });
  await page.goto(wall.url);
  await expect(page.locator(".newest")).toBeHidden();
});

test("a page elsewhere shows a view in a frame as high as it is", async ({ page, site, framed, context }) => {
  await context.clearCookies();
  const { url } = await framed.make("/api/share-links", { view: "/?range=30d" });
  const { token } = await framed.make("/api/embed-tokens", { view: "/?range=90d", minutes: 5 });
  const script = `<script src="${framed.url}/embed.js" defer></script>`;
  site.html = `${script}<studio-metrics share="${url}" theme="dark"></studio-metrics><studio-metrics token="${token}"></studio-metrics>`;
  await page.goto(site.url);
  const [first, second] = [page.frameLocator("studio-metrics >> nth=0 >> iframe"), page.frameLocator("studio-metrics >> nth=1 >> iframe")];
  await expect(first.locator(".scope")).toHaveText("30 days · All campaigns");
  await expect(first.locator("html")).toHaveAttribute("data-theme", "dark");
  const high = () => page.locator("iframe").first().evaluate((frame: HTMLIFrameElement) => frame.offsetHeight);
  await expect.poll(high).toBeGreaterThan(1_200);
  await page.locator("iframe").nth(1).evaluate((frame) => frame.scrollIntoView());
  await expect(second.locator(".scope")).toHaveText("90 days · All campaigns");
  expect(await context.cookies()).toEqual([]);
});

test("a page that is not named frames nothing", async ({ page, site, demo, complaints }) => {
  const { url } = await demo.make("/api/share-links", { view: "/" });
  site.html = `<iframe src="${url}" title="none"></iframe>`;
  await page.goto(site.url);
  await expect.poll(() => complaints.length).toBeGreaterThan(0);
  await expect(page.frameLocator("iframe").locator(".scope")).toHaveCount(0);
  complaints.splice(0);
});
