// Days are chosen on the chart itself: by pointer, by touch and by keys.
import type { Page } from "@playwright/test";
import { expect, expectFigures, open, test } from "./studio";

const plot = (page: Page) => page.getByRole("slider", { name: "Cost a day" });

/** The middle of a column, of as many as the slider has. */
async function column(page: Page, at: number): Promise<{ x: number; y: number }> {
  const [box, columns] = [await plot(page).boundingBox(), await page.locator("#table tbody tr").count()];
  const first = Number(await plot(page).getAttribute("aria-valuemax"));
  expect(columns).toBe(first + 1);
  const width = await page.evaluate(() => {
    const path = document.querySelector(".drawing .columns")!.getAttribute("d")!;
    const lefts = [...path.matchAll(/M(\d+) /g)].map((match) => Number(match[1]));
    return { first: lefts[0], step: (lefts[lefts.length - 1] - lefts[0]) / (lefts.length - 1) };
  });
  return { x: box!.x + ((width.first + width.step * (at + 0.4)) / 10_000) * box!.width, y: box!.y + box!.height / 2 };
}

async function drag(page: Page, first: number, last: number): Promise<void> {
  const [from, to] = [await column(page, first), await column(page, last)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, to.y);
  await page.mouse.move(to.x, to.y);
}

test("dragging shows the days, and leads back", async ({ page, demo }) => {
  await open(page, demo, "/?range=90d&tile=cost");
  const { buckets } = await demo.json("/api/metrics/history?range=90d");
  const day = (at: number) => buckets[at].from.slice(0, 10);
  await page.evaluate(() => ((window as any).same = true));
  await drag(page, 40, 59);
  await expect(page.locator(".readout")).toContainText("20 days");
  await page.mouse.up();
  await expect(page).toHaveURL(new RegExp(`\\?from=${day(40)}&to=${day(59)}$`));
  await expectFigures(page, demo, `from=${day(40)}&to=${day(60)}`);

  // Once more, from right to left, another tile, and back step by step.
  await drag(page, 9, 5);
  await page.mouse.up();
  await expect(page).toHaveURL(new RegExp(`from=${day(45)}&to=${day(49)}`));
  await page.getByRole("navigation", { name: "Chart" }).getByRole("link", { name: "Tokens" }).click();
  await expect(page).toHaveURL(/tile=tokens/);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(new RegExp(`from=${day(40)}&to=${day(59)}&tile=tokens$`));
  await page.getByRole("slider").dblclick();
  await expect(page).toHaveURL(/\?range=90d&tile=tokens$/);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\?range=90d&tile=tokens$/);
  expect(await page.evaluate(() => (window as any).same), "the page was not loaded again").toBe(true);
});

test("keys choose days and show them", async ({ page, demo }) => {
  await open(page, demo, "/?range=30d");
  const { buckets } = await demo.json("/api/metrics/history?range=30d");
  const day = (at: number) => buckets[at].from.slice(0, 10);
  await plot(page).focus();
  await page.keyboard.press("Home");
  for (let at = 0; at < 6; at += 1) await page.keyboard.press("Shift+ArrowRight");
  await expect(plot(page)).toHaveAttribute("aria-valuetext", /7 days$/);
  await page.keyboard.press("Escape");
  await expect(plot(page)).not.toHaveAttribute("aria-valuetext", /7 days$/);
  await expect(page).toHaveURL(/range=30d$/);
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`\\?from=${day(3)}&to=${day(6)}$`));
  await expectFigures(page, demo, `from=${day(3)}&to=${day(7)}`);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\?range=30d$/);

  // What was chosen in one view is nothing in another one, and a box has its own Escape.
  for (let at = 0; at < 3; at += 1) await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("6");
  await expect(page).toHaveURL(/\?range=60d$/);
  await expectFigures(page, demo, "range=60d");
  await plot(page).focus();
  await page.keyboard.press("Enter");
  const today = day(buckets.length - 1);
  await expect(page).toHaveURL(new RegExp(`\\?from=${today}&to=${today}$`));
  await page.locator("#campaign").focus();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(new RegExp(`\\?from=${today}&to=${today}$`));
});

test("a click, hours and a pointer that is taken away choose nothing", async ({ page, demo }) => {
  await open(page, demo, "/?range=30d");
  const at = await column(page, 12);
  await page.mouse.click(at.x, at.y);
  await drag(page, 3, 9);
  await expect(page.locator(".readout")).toContainText("7 days");
  await plot(page).dispatchEvent("pointercancel");
  await expect(page.locator(".readout")).not.toContainText("7 days");
  await page.mouse.up();
  await expect(page).toHaveURL(/range=30d$/);
  await page.keyboard.press("l");
  const hours = page.getByRole("slider", { name: "Cost an hour" });
  await hours.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(hours).toHaveAttribute("aria-valuetext", /run/);
  expect(new URL(page.url()).search).toBe("");
});

test.describe("by touch", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("a finger along the chart chooses days", async ({ page, demo }) => {
    await open(page, demo, "/?range=90d");
    const { buckets } = await demo.json("/api/metrics/history?range=90d");
    await plot(page).scrollIntoViewIfNeeded();
    const [from, to] = [await column(page, 20), await column(page, 60)];
    const session = await page.context().newCDPSession(page);
    const touch = (type: string, point?: { x: number; y: number }) =>
      session.send("Input.dispatchTouchEvent", { type: type as any, touchPoints: point ? [point] : [] });
    await touch("touchStart", from);
    for (let step = 1; step <= 8; step += 1) {
      await touch("touchMove", { x: from.x + ((to.x - from.x) * step) / 8, y: from.y });
    }
    await expect(page.locator(".readout")).toContainText("41 days");
    await touch("touchEnd");
    const day = (at: number) => buckets[at].from.slice(0, 10);
    await expect(page).toHaveURL(new RegExp(`from=${day(20)}&to=${day(60)}`));
  });
});
