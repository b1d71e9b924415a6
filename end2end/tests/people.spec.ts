// Every page in every state: nothing for axe to find, nothing wider than the screen.
import type { Page } from "@playwright/test";
import { examine } from "./examine";
import { expect, open, type Studio, test } from "./studio";

const SCREENS = {
  desktop: { width: 1320, height: 1000 },
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 640 },
};

interface Scene {
  name: string;
  path: string;
  on?: "demo" | "empty";
  plain?: boolean;
  prepare?: (page: Page, studio: Studio) => Promise<void>;
}

const SCENES: Scene[] = [
  { name: "live", path: "/" },
  { name: "90 days", path: "/?range=90d" },
  { name: "success", path: "/?range=30d&tile=success" },
  { name: "empty", path: "/", on: "empty" },
  { name: "chosen days", path: "/?from=2026-10-20&to=2026-10-31&compare=weekdays&tile=latency&by=phase" },
  { name: "campaign", path: "/campaigns/win-back?range=90d&by=phase" },
  { name: "campaigns", path: "/campaigns", plain: true },
  {
    name: "run",
    path: "/",
    prepare: async (page) => {
      await page.locator("tr[data-run] a").first().click();
      await page.getByRole("heading", { name: "How far it has come" }).waitFor();
    },
  },
  { name: "pipeline", path: "/pipeline", plain: true },
  { name: "keys", path: "/settings/keys", plain: true },
  { name: "links", path: "/settings/links", plain: true },
  { name: "people", path: "/settings/people", plain: true },
  { name: "sign-in", path: "/sign-in", plain: true },
  { name: "not found", path: "/nowhere", plain: true },
  { name: "no runs", path: "/?range=30d&campaign=nobody-knows-it" },
  {
    name: "opened",
    path: "/?range=30d",
    prepare: async (page) => {
      await page.locator("summary[aria-label='Explain Cost / campaign']").click();
      await page.locator("#table summary").click();
      const fold = page.locator(".fold summary");
      if (await fold.isVisible()) await fold.click();
      await page.locator("#help summary").click();
    },
  },
  {
    name: "offline",
    path: "/",
    prepare: async (page) => {
      await page.route("**/api/panel?*", (route) => route.abort());
      for (let missed = 0; missed < 3; missed += 1) {
        const failed = page.waitForEvent("requestfailed");
        await page.clock.fastForward(21_000);
        await failed;
      }
      await expect(page.locator(".fresh")).toContainText("Offline");
    },
  },
];

for (const [screen, viewport] of Object.entries(SCREENS)) {
  for (const colorScheme of screen === "narrow" ? (["light"] as const) : (["light", "dark"] as const)) {
    test.describe(`${screen}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });
      for (const scene of SCENES) {
        test(scene.name, async ({ page, demo, empty, complaints }) => {
          const studio = scene.on === "empty" ? empty : demo;
          await page.clock.install();
          if (scene.plain) await page.goto(studio.url + scene.path);
          else await open(page, studio, scene.path);
          await scene.prepare?.(page, studio);
          await examine(page, scene.name);
          const picture = `test-results/pictures/${scene.name}-${screen}-${colorScheme}.png`.replaceAll(" ", "-");
          await page.screenshot({ path: picture, fullPage: true });
          // What a scene is about is no complaint: a page that is not there, a server that does not answer.
          const meant = complaints.filter((text) => !/404|ERR_FAILED/.test(text));
          complaints.splice(0, complaints.length, ...meant);
        });
      }
    });
  }
}

test("the keyboard reaches everything, and its focus is seen", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d");
  const reached: string[] = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const name = at.getAttribute("aria-label") ?? at.getAttribute("aria-labelledby") ?? at.textContent?.trim() ?? "";
      const shown = getComputedStyle(at).outlineStyle !== "none" || getComputedStyle(at, "::after").outlineStyle !== "none";
      return { name, shown };
    });
    if (!focus) break;
    expect(focus.shown, `the focus on ${focus.name} is seen`).toBe(true);
    reached.push(focus.name);
  }
  for (const name of ["Skip to the content", "90 days", "Pause", "P95 latency", "Explain P95 latency", "chart-title"]) {
    expect(reached).toContain(name);
  }
});
