// For a wall: the figures alone, as large as the screen.
import { expect, expectFigures, open, test } from "./studio";

test("a wall shows the figures alone", async ({ page, demo }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await open(page, demo, "/?range=90d");
  const size = () => page.locator("[data-tile=cost] .figure").evaluate((figure) => parseFloat(getComputedStyle(figure).fontSize));
  const before = await size();
  await page.keyboard.press("k");
  await expect(page).toHaveURL(/\?range=90d&kiosk=1$/);
  await expect(page.locator("body")).toHaveAttribute("data-hydrated", "");
  for (const gone of [".site", ".filter", "#dates", ".tools", "#parts", "#newest"]) {
    await expect(page.locator(gone)).toBeHidden();
  }
  expect(await size()).toBeGreaterThan(1.4 * before);
  const lowest = await page.locator(".plot").evaluate((plot) => plot.getBoundingClientRect().bottom);
  expect(lowest, "chart and all fit the screen").toBeLessThan(1080);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1920);
  await page.screenshot({ path: "test-results/pictures/kiosk-light.png" });

  await page.keyboard.press("3");
  await expect(page).toHaveURL(/\?range=30d&kiosk=1$/);
  await expectFigures(page, demo, "range=30d");
  await page.keyboard.press("k");
  await expect(page).toHaveURL(/\?range=30d$/);
  await expect(page.locator(".site")).toBeVisible();
});
